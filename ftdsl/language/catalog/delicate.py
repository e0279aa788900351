"""Functions that count personal data and secrets in a text. Findings show them masked."""

from __future__ import annotations

from ftdsl.language.catalog.entry import Cost, FunctionEntry, Parameter, Scope

_TEXT = Parameter("text", "text", "the text")


def _count(name: str, doc: str) -> FunctionEntry:
    example = f"each must {name}(reply.text) == 0"
    return FunctionEntry(name, (_TEXT,), "int", Scope.ROW, Cost.CHEAP, doc, example, minimum=0)


FUNCTIONS: tuple[FunctionEntry, ...] = (
    _count(
        "emails",
        "Number of e-mail addresses; reserved ones (`@example.com`) and slots (`your@email.com`) "
        "are not counted.",
    ),
    _count(
        "phone_numbers",
        "Number of telephone numbers: international ones with `+` and a country's code, and those "
        "of the North American plan. Fictional ones (555), toll-free ones and runs such as "
        "123-456-7890 are not counted.",
    ),
    _count(
        "card_numbers",
        "Number of payment cards: an issuer's prefix and length, and the check digit (Luhn). The "
        "card networks' published test numbers are not counted.",
    ),
    _count(
        "ibans",
        "Number of bank accounts: a country's length and the check digits (ISO 13616, mod 97). The "
        "register's example numbers are not counted.",
    ),
    _count(
        "ip_addresses",
        "Number of public IP addresses, version 4 and 6. Private, reserved and documentation "
        "addresses, well-known resolvers and version numbers are not counted.",
    ),
    _count(
        "social_security_numbers",
        "Number of US social security numbers in the form 123-45-6789, of areas that are given "
        "out; published examples are not counted.",
    ),
    _count(
        "secrets",
        "Number of secrets with a form of their own: private keys, tokens of cloud, code, chat, "
        "payment and model providers, JSON web tokens, connection strings with a password. "
        "Documented examples and slots are not counted.",
    ),
)
