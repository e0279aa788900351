"""What is recognised as personal data or a secret, what is not, and how it is shown."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ftdsl.privacy.masking import masked
from ftdsl.privacy.personal_data import iban_holds, luhn
from ftdsl.quality.measures.delicate import FAMILIES, FUNCTIONS, REASONS

KEY_BODY = "MIIEpAIBAAKCAQEA7bq0xk3PzVw9Jd2Qm8LtYhRfSeGcUoNiBvXa"
#: Written in parts, so that no scanner of repositories takes them for leaks.
FOUND = {
    "emails": [
        "write to jane.roe@gmail.com today",
        "Jane <j_roe+news@mail.uni-bonn.de>, please",
        "naïve: max.muster@web.de",
    ],
    "phone_numbers": [
        "call +44 20 7946 0958 now",
        "fax: +49 (0) 30 901820",
        "(212) 736-5000",
        "tel. 212-736-5000.",
        "+1 415 701 2311",
    ],
    "card_numbers": [
        "4539 1488 0343 6467",
        "card 5425233430109903, valid",
    ],
    "ibans": [
        "DE44 5001 0517 5407 3249 31",
        "to DE44500105175407324931.",
        "pay DE44 5001 0517 5407 3249 31 TODAY PLEASE",
    ],
    "ip_addresses": ["from 93.184.216.34:", "host 2606:2800:220:1:248:1893:25c8:1946 up"],
    "social_security_numbers": ["SSN 536-22-8726"],
    "secrets": [
        "-----BEGIN RSA PRIVATE KEY-----\n" + KEY_BODY,
        "-----BEGIN OPENSSH PRIVATE KEY-----\\n"
        + KEY_BODY
        + "\\n-----END OPENSSH PRIVATE KEY-----",
        "id " + "AKIA" + "Q3EGRXVZ5WTLMNOP",
        "AWS_SECRET_ACCESS_KEY=" + "kWcrlUX5JEDGM/LtmEENI/aVmYvHNif5zB+d9+ct",
        "gh" + "p_" + "aB3dE9fGh2JkLm4NpQr5StUv6WxYz7Ac8Be0",
        "xo" + "xb-" + "203948571029-2938475610293-Qw3rTyUi9pAsDfGh2jKlZxCv",
        "sk_" + "live_" + "4eC39HqLyjWDarjtT1zdp7dc",
        "sk-" + "9fGh2JkLm4NpQr5St" + "T3Blbk" + "FJUv6WxYz7Ac8Be0aB3dE9",
        "AI" + "zaSyD3kLm9PqRs7TuVw2XyZ4aBcDe6FgHiJkL",
        "postgres://bob:hunter2x@db.acme.io/live",
        "token eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhbm5hIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9P",
    ],
}
NOT_FOUND = {
    "emails": [
        "user@example.com and jane@mail.example",
        "your@email.com, git@github.com:a/b.git",
        "logo@2x.png @home a@b",
        "https://bob@host.org/x",
    ],
    "phone_numbers": [
        "+1 555 123 4567 and (212) 555-0123",
        "123-456-7890",
        "1-800-273-8255",
        "3 +4412345678 = 7",
        "472547338\n+960397912423686",
        "12/10/2012-2013",
        "ISBN 978-0-306-40615-7",
        "x = 212-736-50001",
    ],
    "card_numbers": [
        "4111 1111 1111 1111",
        "4539 1488 0343 6468",
        "5555-5555-5555-4444",
        "0.4539148803436467",
        "12 * 4539148803436467",
    ],
    "ibans": ["DE89 3704 0044 0532 0130 00", "DE44 5001 0517 5407 3249 32", "AB12 3456 7890 1234"],
    "ip_addresses": [
        "192.168.0.1 10.1.2.3 127.0.0.1 192.0.2.44 8.8.8.8 300.1.2.3",
        "version 93.184.216.34",
        "section 2.3.4.5, 1.0.0.2",
        "at 12:30:45, 2001:db8::1",
    ],
    "social_security_numbers": ["078-05-1120 000-12-3456 912-34-5678 1536-22-8726"],
    "secrets": [
        "AKIA" + "IOSFODNN7EXAMPLE",
        "-----BEGIN PRIVATE KEY-----\n...\n-----END PRIVATE KEY-----",
        "postgres://user:password@localhost/db",
        "mysql://root:${DB_PASS}@db/x and redis://default:<secret>@cache",
        "gh" + "p_" + "x" * 36,
        "sk-" + "1234567890abcdef" * 3,
        "sk_" + "test_" + "4eC39HqLyjWDarjtT1zdp7dc",
        "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIiwibmFtZSI6IkpvaG4gRG9lIn0"
        ".SflKxwRJSMeKKF2QT4fwpMeJf36POk6yJV_adQssw5c",
    ],
}


@pytest.mark.parametrize(("name", "text"), [(n, t) for n, all in FOUND.items() for t in all])
def test_found_and_masked(name: str, text: str) -> None:
    assert FUNCTIONS[name](["nothing", text, ""]) == [0, 1, 0]
    (mark,) = FAMILIES[name].marks(text.encode())
    delicate = text.encode()[mark.start : mark.end].decode()
    assert mark.masked in masked(text)
    assert delicate not in masked(text)
    assert delicate not in REASONS[name](text)
    assert mark.kind in REASONS[name](text)
    assert FUNCTIONS[name]([masked(text)]) == [0], "masking leaves nothing to find"


@pytest.mark.parametrize(("name", "text"), [(n, t) for n, all in NOT_FOUND.items() for t in all])
def test_not_found(name: str, text: str) -> None:
    assert FUNCTIONS[name]([text]) == [0], REASONS[name](text)


@pytest.mark.parametrize("name", FOUND)
def test_a_cut_does_not_uncover(name: str) -> None:
    for text in FOUND[name]:
        (mark,) = FAMILIES[name].marks(text.encode())
        delicate = text.encode()[mark.start : mark.end].decode()
        for limit in range(1, len(text)):
            shown = masked(text, limit)
            assert len(shown) <= limit
            longest = max((k for k in range(len(delicate)) if delicate[:k] in shown), default=0)
            assert longest <= max(11, len(mark.masked)), shown


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=60), st.integers(0, 80))
def test_masking_keeps_what_is_not_delicate(text: str, limit: int) -> None:
    if not any(family.marks(text.encode()) for family in FAMILIES.values()):
        assert masked(text) == text
        assert masked(text, limit) == text[:limit]


@given(st.lists(st.sampled_from(sorted(t for all in FOUND.values() for t in all)), max_size=6))
def test_a_column_is_counted_as_its_texts(column: list[str]) -> None:
    for count in FUNCTIONS.values():
        assert count(column) == [count([one])[0] for one in column]


@given(st.text("0123456789", min_size=12, max_size=18))
def test_luhn_has_one_check_digit(digits: str) -> None:
    assert sum(luhn(digits + str(last)) for last in range(10)) == 1


@pytest.mark.parametrize("place", range(4, 22))
def test_an_iban_with_one_digit_changed_does_not_hold(place: int) -> None:
    whole = "DE44500105175407324931"
    assert iban_holds(whole)
    other = whole[:place] + str((int(whole[place]) + 1) % 10) + whole[place + 1 :]
    assert not iban_holds(other)
