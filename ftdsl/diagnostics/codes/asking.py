"""Codes of asking models: the host's word, budgets, prices, and times that can be believed."""

from __future__ import annotations

from ftdsl.diagnostics.codes.code import Code

_EVAL = "ftdsl eval specs/support.ftspec golden"
_GATE = "ftdsl gate specs/support.ftspec release"

CODES: tuple[Code, ...] = (
    Code(
        "FT530",
        "certificate-not-trusted",
        "the certificate of a model's host is not trusted",
        "Cases and keys go to no host whose certificate cannot be verified, and there is no option "
        "to do so all the same. Verification uses the authorities that this machine knows, or the "
        "file that `SSL_CERT_FILE` names, such as that of a company's own authority.",
        _EVAL,
        "export SSL_CERT_FILE=/etc/ssl/certs/company.pem\n" + _EVAL,
        "run",
    ),
    Code(
        "FT531",
        "times-of-this-machine",
        "a requirement on times would be decided by the machine that asked",
        "An answer's time ends when its last byte is seen, and a program that is busy with other "
        "answers sees it late. Each answer carries how late that can have been; where a "
        "requirement on `latency` or `first_token` is met without it and not met with it, nothing "
        "is known of the model.",
        "model fast { … concurrency = 512 }\n" + _GATE,
        "model fast { … concurrency = 16 }\n" + _GATE,
        "run",
    ),
)
