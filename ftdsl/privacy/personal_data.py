"""Personal data that has a form of its own: mailboxes, telephones, cards, accounts, addresses.

What has a checksum or a register is checked against it. Numbers and addresses that are known as
examples (RFC 2606, RFC 5737, the 555 exchange, the card networks' test numbers) are nobody's.
"""

from __future__ import annotations

import ipaddress
import re
from itertools import pairwise

from ftdsl.privacy.detector import Detector, Family, words

_NOT_DIGIT = re.compile(r"\D")

# ---- mailboxes

_RESERVED_TOPS = frozenset({"example", "test", "invalid", "localhost", "local"})
_RESERVED_NAMES = ("example", "domain", "your", "company", "mydomain", "email", "somedomain")
_NOT_TOPS = words(
    "png jpg jpeg gif svg webp bmp ico pdf css js ts py json html htm xml txt md zip gz mp3 mp4 csv"
    " yaml yml so dll exe"
)
_PLACEHOLDER_BOXES = words(
    "user username your youremail yourname your_email your.email your-email yourusername name email"
    " example someone somebody noreply no-reply donotreply do-not-reply git test foo bar"
)


_LOGIN = re.compile(r"://[^\s/]*:$")


def _is_mailbox(found: str, before: str, after: str) -> bool:
    box, _, domain = found.lower().rpartition("@")
    labels = domain.split(".")
    if labels[-1] in _RESERVED_TOPS | _NOT_TOPS or labels[-2].startswith(_RESERVED_NAMES):
        return False
    if before.endswith(("://", "@", "/")) or (
        ":" in before.rpartition("://")[2] and "://" in before
    ):
        return False  # user information in a URL, which is no mailbox
    return box not in _PLACEHOLDER_BOXES and ".." not in box and not after.startswith(("@", ":/"))


def _masked_mailbox(found: str) -> str:
    return f"{found[0]}***@***.{found.rpartition('.')[2]}"


EMAILS = Family(
    Detector(
        "e-mail address",
        r"[A-Za-z0-9_][A-Za-z0-9._%+-]*@(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?\.)+[A-Za-z]{2,24}",
        _is_mailbox,
        _masked_mailbox,
    )
)

# ---- telephones

_COUNTRY_CODES = words(
    "1 7 20 27 30 31 32 33 34 36 39 40 41 43 44 45 46 47 48 49 51 52 53 54 55 56 57 58 60 61 62 63"
    " 64 65 66 81 82 84 86 90 91 92 93 94 95 98 211 212 213 216 218 220 221 222 223 224 225 226 227"
    " 228 229 230 231 232 233 234 235 236 237 238 239 240 241 242 243 244 245 246 247 248 249 250"
    " 251 252 253 254 255 256 257 258 260 261 262 263 264 265 266 267 268 269 290 291 297 298 299"
    " 350 351 352 353 354 355 356 357 358 359 370 371 372 373 374 375 376 377 378 380 381 382 383"
    " 385 386 387 389 420 421 423 500 501 502 503 504 505 506 507 508 509 590 591 592 593 594 595"
    " 596 597 598 599 670 672 673 674 675 676 677 678 679 680 681 682 683 685 686 687 688 689 690"
    " 691 692 850 852 853 855 856 880 886 960 961 962 963 964 965 966 967 968 970 971 972 973 974"
    " 975 976 977 992 993 994 995 996 998"
)
_TOLL_FREE = frozenset({"800", "833", "844", "855", "866", "877", "888", "900"})


def _is_counting(digits: str) -> bool:
    """Whether the digits only count up, count down or repeat: nobody's number."""
    steps = {(int(b) - int(a)) % 10 for a, b in pairwise(digits)}
    return len(steps) == 1 and steps <= {0, 1, 9}


def _is_nobodys(digits: str) -> bool:
    """Ten digits of the North American plan that are given to nobody, or to a business."""
    area, exchange = digits[:3], digits[3:6]
    assigned = area[0] in "23456789" and exchange[0] in "23456789" and area[1:] != "11"
    return not assigned or "555" in (area, exchange) or area in _TOLL_FREE or _is_counting(digits)


def _is_international(found: str, before: str, after: str) -> bool:
    digits = _NOT_DIGIT.sub("", found)
    if before.rstrip()[-1:].isdigit() or (digits == found[1:] and len(digits) > 13):
        return False  # the second line of a sum
    if not 8 <= len(digits) <= 15 or before.endswith(("+", "-", ".", ",")) or _goes_on(after):
        return False
    if digits[0] == "1":
        return len(digits) == 11 and not _is_nobodys(digits[1:])
    known = any(digits[:size] in _COUNTRY_CODES for size in (1, 2, 3))
    return known and not _is_counting(digits[2:]) and len(set(digits[2:])) > 3


def _is_american(found: str, before: str, after: str) -> bool:
    digits = _NOT_DIGIT.sub("", found)[-10:]
    if before.endswith(("+", "-", ".", "/", "=", "$", "#")) or _goes_on(after):
        return False
    return not _is_nobodys(digits)


def _goes_on(after: str) -> bool:
    return len(after) > 1 and after[0] in "-.,/" and after[1].isdigit()


def _masked_phone(found: str) -> str:
    return ("+" if found.startswith("+") else "") + "***" + found[-2:]


PHONES = Family(
    Detector(
        "telephone number",
        r"\+[1-9][0-9]{0,3}[ .-]?(?:\([0-9]{1,5}\)[ .-]?)?[0-9](?:[ .-]?[0-9]){4,13}",
        _is_international,
        _masked_phone,
    ),
    Detector(
        "telephone number",
        r"(?:1[ .-])?(?:\([2-9][0-9]{2}\) ?|[2-9][0-9]{2}[-.])[2-9][0-9]{2}[-.][0-9]{4}",
        _is_american,
        _masked_phone,
    ),
)

# ---- payment cards

_TEST_CARDS = words(
    "4111111111111111 4242424242424242 4012888888881881 4222222222222 4000056655665556"
    " 4000000000000002 4917610000000000 4007000000027 4532015112830366 5555555555554444"
    " 5105105105105100 5200828282828210 5424000000000015 2223003122003222 2223000048400011"
    " 378282246310005 371449635398431 378734493671000 370000000000002 6011111111111117"
    " 6011000990139424 6011000000000012 3530111333300000 3566002020360505 30569309025904"
    " 38520000023237 3056930009020004 36227206271667 6200000000000005"
)
_ISSUERS = re.compile(
    r"4(?:\d{15}|\d{18})|5[1-5]\d{14}|2(?:22[1-9]|2[3-9]\d|[3-6]\d\d|7[01]\d|720)\d{12}"
    r"|3[47]\d{13}|6(?:011|5\d\d|4[4-9]\d)\d{12}|35(?:2[89]|[3-8]\d)\d{12}"
    r"|3(?:0[0-5]|[689]\d)\d{11}|62\d{14,17}"
)


_ARITHMETIC = re.compile(r"[0-9=+*/^×÷−(]\s*$")
_GOES_ON_COUNTING = re.compile(r"\s*[=+*/^×÷−]")


def luhn(digits: str) -> bool:
    """Whether the last digit is the check digit of the others (ISO/IEC 7812-1)."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (1 + place % 2)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def _is_card(found: str, before: str, after: str) -> bool:
    digits = _NOT_DIGIT.sub("", found)
    if before.endswith((".", "-", "/", "=", "$")) or _goes_on(after):
        return False
    in_brackets = before.endswith(" (") and after.startswith(")")
    counted = _ARITHMETIC.search(before) is not None and not in_brackets
    if digits == found and (counted or _GOES_ON_COUNTING.match(after)):
        return False
    return (
        _ISSUERS.fullmatch(digits) is not None
        and luhn(digits)
        and digits not in _TEST_CARDS
        and len(set(digits[1:-1])) > 2
    )


CARDS = Family(
    Detector(
        "payment card",
        r"[2-6](?:[0-9]{12,18}|[0-9]{3}(?:[ -][0-9]{4}){3}|[0-9]{3}[ -][0-9]{6}[ -][0-9]{4,5})",
        _is_card,
        lambda found: f"****{found[-4:]}",
    )
)

# ---- bank accounts

_IBAN_LENGTHS = {
    code: int(size)
    for size, codes in {
        "15": "NO", "16": "BE", "18": "DK FK FI FO GL NL SD", "19": "MK SI",
        "20": "AT BA EE KZ LT LU MN XK", "21": "CH HR LI LV", "22": "BG BH CR DE GB GE IE ME RS VA",
        "23": "AE GI IL IQ OM SO TL", "24": "AD CZ ES MD PK RO SA SE SK TN VG", "25": "LY PT ST",
        "26": "IS TR", "27": "BI DJ FR GR IT MC MR SM", "28": "AL AZ BY CY DO GT HU LB NI PL SV",
        "29": "BR EG PS QA UA", "30": "JO KW MU YE", "31": "MT SC", "32": "LC", "33": "RU",
    }.items()
    for code in codes.split()
}  # fmt: skip
_EXAMPLE_IBANS = words(
    "GB82WEST12345698765432 GB29NWBK60161331926819 GB33BUKB20201555555555 GB94BARC10201530093459"
    " DE89370400440532013000 DE91100000000123456789 FR1420041010050500013M02606"
    " FR7630006000011234567890189 ES9121000418450200051332 ES7921000813610123456789"
    " IT60X0542811101000000123456 NL91ABNA0417164300 NL02ABNA0123456789 BE68539007547034"
    " BE71096123456769 CH9300762011623852957 CH5604835012345678009 AT611904300234573201"
    " AT483200000012345864 PL61109010140000071219812874 SE4550000000058398257466"
    " NO9386011117947 DK5000400440116243 FI2112345600000785 PT50000201231234567890154"
    " IE29AIBK93115212345678 IE64IRCE92050112345678 LU280019400644750000"
    " GR1601101250000000012300695 CZ6508000000192000145399"
)


def iban_holds(compact: str) -> bool:
    """Whether an IBAN without spaces has its country's length and its check digits (ISO 13616)."""
    if _IBAN_LENGTHS.get(compact[:2]) != len(compact):
        return False
    return int("".join(str(int(one, 36)) for one in compact[4:] + compact[:4])) % 97 == 1


def _is_iban(found: str, before: str, after: str) -> bool:
    compact = found.replace(" ", "")
    size = _IBAN_LENGTHS.get(compact[:2], 0)
    if before[-1:].isalnum() or (len(compact) <= size and after[:1].isalnum()):
        return False
    # In running text a word of capitals may follow: the country says where the number ends.
    compact = compact[:size]
    return iban_holds(compact) and compact not in _EXAMPLE_IBANS


IBANS = Family(
    Detector(
        "bank account (IBAN)",
        r"[A-Z]{2}[0-9]{2}(?:[A-Z0-9]{11,30}|(?: [A-Z0-9]{4}){2,7}(?: [A-Z0-9]{1,4})?)",
        _is_iban,
        lambda found: f"{found[:2]}***",
        alone=False,
    )
)

# ---- addresses of machines

_KNOWN_SERVERS = words(
    "8.8.8.8 8.8.4.4 1.1.1.1 1.0.0.1 9.9.9.9 208.67.222.222 208.67.220.220 1.2.3.4 5.6.7.8"
    " 2001:4860:4860::8888 2001:4860:4860::8844 2606:4700:4700::1111"
)
_VERSION = re.compile(r"(?i)(?:\bv|version|release|section|chapter|build|firmware)[\s:=.]*$")
_SMALL = 20
"""A dotted number whose every part is below this is a version or a section."""


def _is_public_address(found: str, before: str, after: str) -> bool:
    if _VERSION.search(before) or before.endswith((".", ":", "-")) or _goes_on(after):
        return False
    try:
        address = ipaddress.ip_address(found)
    except ValueError:
        return False
    if not address.is_global or address.is_multicast or str(address) in _KNOWN_SERVERS:
        return False
    if address.version == 6:
        return len(_HEX.findall(found)) >= 4
    parts = [int(one) for one in found.split(".")]
    return max(parts) >= _SMALL and not (parts[3] == 0 and parts[2] == 0)


_HEX = re.compile(r"[0-9A-Fa-f]+")

IP_ADDRESSES = Family(
    Detector(
        "IP address",
        r"[1-9][0-9]{0,2}(?:\.[0-9]{1,3}){3}",
        _is_public_address,
        lambda found: f"{found.partition('.')[0]}.***",
    ),
    Detector(
        "IP address",
        r"[0-9A-Fa-f]{1,4}(?::[0-9A-Fa-f]{0,4}){3,7}",
        _is_public_address,
        lambda found: f"{found.partition(':')[0]}:***",
    ),
)

# ---- social security numbers

_PUBLISHED_SSNS = frozenset({"078-05-1120", "219-09-9999", "457-55-5462", "123-45-6789"})


def _is_social_security(found: str, before: str, after: str) -> bool:
    area, group, serial = found.split("-")
    if before.endswith(("-", ".", "/")) or _goes_on(after) or found in _PUBLISHED_SSNS:
        return False
    return area not in ("000", "666") and area < "900" and group != "00" and serial != "0000"


SOCIAL_SECURITY = Family(
    Detector(
        "social security number",
        r"[0-9]{3}-[0-9]{2}-[0-9]{4}",
        _is_social_security,
        lambda _: "***-**-****",
    )
)
