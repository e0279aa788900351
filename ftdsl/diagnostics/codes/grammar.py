"""Codes of the grammar check: a server that is missing, fails, or may not be asked."""

from __future__ import annotations

from ftdsl.diagnostics.codes.code import Code

_VALIDATE = "ftdsl validate grammar.ftspec"
_SERVER = "FTDSL_LANGUAGETOOL_URL=http://"

CODES: tuple[Code, ...] = (
    Code(
        "FT360",
        "no-grammar-checker",
        "LanguageTool or Java is not installed",
        "`grammar_errors` asks a LanguageTool server. One is started from the folder that "
        "`LTP_PATH` names (it holds `LanguageTool-6.8`), or the operator names a running one in "
        "`FTDSL_LANGUAGETOOL_URL`. Nothing is downloaded on the way.",
        f"LTP_PATH=/nowhere {_VALIDATE}",
        f"LTP_PATH=languagetool {_VALIDATE}",
        "run",
    ),
    Code(
        "FT361",
        "grammar-checker-failed",
        "the LanguageTool server does not answer as it should",
        "It did not start, ended, was too slow or sent something else. Every wait has an end; what "
        "was answered before is kept and not asked again.",
        f"{_SERVER}127.0.0.1:9 {_VALIDATE}",
        f"{_SERVER}127.0.0.1:8081 {_VALIDATE}",
        "run",
    ),
    Code(
        "FT362",
        "host-of-grammar-checker-not-allowed",
        "the texts would be sent to a host that nobody has allowed",
        "Only this machine may be asked unless whoever runs the check allows a host on the command "
        "line. A spec cannot name one.",
        f"{_SERVER}lt.example.org {_VALIDATE}",
        f"{_SERVER}lt.example.org {_VALIDATE} --allow-host lt.example.org",
        "run",
    ),
    Code(
        "FT363",
        "grammar-outside-a-check",
        "`grammar_errors` is asked outside of a check",
        "The server runs for the length of a `check` step. Other blocks, and the examples of "
        "rules, have none.",
        "ftdsl run dedup_by_grammar.ftspec",
        _VALIDATE,
        "run",
    ),
)
