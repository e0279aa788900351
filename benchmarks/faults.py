"""Faults to be planted into rows, each a function of a clean exchange and of chance.

None of them knows how a rule looks for it: texts are damaged as they are damaged in practice, and
personal data is made up by the published rules of its kind.
"""

from __future__ import annotations

import re
import string
from collections.abc import Callable
from dataclasses import dataclass
from random import Random

Exchange = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Clean:
    """An exchange without a fault, and the chance that decides how it is spoilt."""

    asked: str
    said: str
    random: Random


Plant = Callable[[Clean], Exchange | None]


@dataclass(frozen=True, slots=True)
class FaultKind:
    """``rule`` is the shipped rule that is to find it; ``plant`` gives None for an exchange into
    which it does not fit."""

    name: str
    rule: str
    plant: Plant


def _misread(clean: Clean) -> Exchange | None:
    """Typographic signs, or accents, as UTF-8 that was read as Windows-1252."""
    typographic = (
        clean.said.replace("'", "’").replace(' "', " “").replace('" ', "” ").replace(" - ", " – ")
    )
    if typographic == clean.said:
        return None
    try:
        return clean.asked, typographic.encode().decode("cp1252")
    except UnicodeDecodeError:
        return None


def _cut_word(clean: Clean) -> Exchange | None:
    """The end is missing from the middle of a word on."""
    inside = [
        m.start() for m in re.finditer(r"\B\w", clean.said) if m.start() > len(clean.said) // 2
    ]
    return (
        (clean.asked, clean.said[: clean.random.choice(inside)])
        if len(clean.said) > 120 and inside
        else None
    )


def _cut_sentence(clean: Clean) -> Exchange | None:
    """The end is missing from the end of a word inside a sentence on."""
    ends = [
        m.end() for m in re.finditer(r"\w+(?= \w)", clean.said) if m.end() > len(clean.said) // 2
    ]
    return (
        (clean.asked, clean.said[: clean.random.choice(ends)])
        if len(clean.said) > 120 and ends
        else None
    )


def _loop(clean: Clean) -> Exchange | None:
    """The last sentence over and over."""
    last = re.split(r"(?<=[.!?]) ", clean.said)[-1]
    return (
        (clean.asked, f"{clean.said} " + f"{last} " * 12) if 8 <= len(last.split()) <= 40 else None
    )


def _loop_of_words(clean: Clean) -> Exchange | None:
    """A few words over and over, as a model that is stuck says them."""
    words = clean.said.split()
    size = clean.random.randint(2, 6)
    at = clean.random.randrange(max(1, len(words) - size))
    return clean.asked, f"{clean.said} " + f"{' '.join(words[at : at + size])} " * 40


def _lines_again(clean: Clean) -> Exchange | None:
    """A list whose items come again."""
    items = [
        f"- {one.strip()}" for one in re.split(r"[.;\n]+", clean.said) if len(one.split()) > 3
    ][:5]
    return (clean.asked, "\n".join(items * 4)) if len(items) >= 3 else None


_REFUSALS = (
    "I'm sorry, but I can't help with that.",
    "I'm sorry, I cannot assist with that request.",
    "Sorry, but I'm not able to provide that information.",
    "I apologize, but I cannot fulfill this request.",
    "I'm unable to answer this question.",
    "I cannot comply with this request as it goes against my guidelines.",
    "I won't be able to help you with that.",
    "Unfortunately, I can't provide assistance with this.",
    "I am not able to generate that kind of content.",
    "I must decline to answer.",
    "I'm afraid I can't do that.",
    "It is not appropriate for me to discuss this topic.",
    "I don't feel comfortable answering that.",
    "I can't create content of that kind.",
    "Sorry, I can't do that.",
)


def _refusal(clean: Clean) -> Exchange | None:
    return clean.asked, clean.random.choice(_REFUSALS)


_SELF_TALK = (
    "As an AI language model, I do not have personal opinions. {}",
    "As an artificial intelligence, I don't have feelings, but here it is. {}",
    "I'm just an AI, so please check this. {}",
    "{} As a language model, I cannot verify this.",
    "I am an AI assistant developed by OpenAI. {}",
    "{} Please note that my knowledge was last updated in September 2021.",
    "As a large language model trained by OpenAI, I can say this: {}",
    "{} However, as an AI, I cannot guarantee it.",
)


def _self_talk(clean: Clean) -> Exchange | None:
    return clean.asked, clean.random.choice(_SELF_TALK).format(clean.said)


def _open_fence(clean: Clean) -> Exchange | None:
    """Code that is begun and not ended."""
    mark = clean.random.choice(("```", "```python", "~~~", "````js"))
    return (
        clean.asked,
        f"{clean.said}\n\n{mark}\nprint('total', total)\nfor row in rows:\n    keep(row)",
    )


_NAMES = (
    "maria.keller",
    "j.ortega",
    "tom_hughes",
    "lena99",
    "d.kowalski",
    "amir.hosseini",
    "sophie-laurent",
)
_HOSTS = (
    "gmail.com",
    "posteo.net",
    "outlook.com",
    "nordwind-reisen.de",
    "universidad.edu.ar",
    "bt.co.uk",
)
_CARRIERS = (
    "You can reach me at {}.",
    "Use {} for it.",
    "My details: {}, thanks.",
    "({})",
    "It is {}",
)


def _carried(value: str, clean: Clean) -> Exchange:
    """The value in a sentence of its own, in the reply or the prompt."""
    told = clean.random.choice(_CARRIERS).format(value)
    return (
        (clean.asked, f"{clean.said} {told}")
        if clean.random.random() < 0.7
        else (f"{clean.asked} {told}", clean.said)
    )


def _email(clean: Clean) -> Exchange | None:
    return _carried(f"{clean.random.choice(_NAMES)}@{clean.random.choice(_HOSTS)}", clean)


def _digits(random: Random, count: int) -> str:
    return "".join(random.choices(string.digits, k=count))


def _phone(clean: Clean) -> Exchange | None:
    r = clean.random
    number = r.choice(
        (
            f"+49 {r.choice(('30', '89', '221'))} {_digits(r, 8)}",
            f"+44 20 7{_digits(r, 3)} {_digits(r, 4)}",
            f"+1 (212) {r.randint(220, 499)}-{_digits(r, 4)}",
            f"({r.choice(('312', '415', '646'))}) {r.randint(220, 499)}-{_digits(r, 4)}",
            f"{r.choice(('312', '415', '646'))}-{r.randint(220, 499)}-{_digits(r, 4)}",
            f"+33 6 {_digits(r, 2)} {_digits(r, 2)} {_digits(r, 2)} {_digits(r, 2)}",
        )
    )
    return _carried(number, clean)


def _card(clean: Clean) -> Exchange | None:
    start, size = clean.random.choice((("4", 16), ("51", 16), ("55", 16), ("34", 15), ("6011", 16)))
    body = start + _digits(clean.random, size - len(start) - 1)
    total = sum(
        n if k % 2 else (2 * n - 9 if n > 4 else 2 * n) for k, n in enumerate(map(int, body[::-1]))
    )
    number = body + str(-total % 10)
    gap = clean.random.choice(("", " ", "-"))
    cuts = (4, 10) if size == 15 else (4, 8, 12)
    parts = [number[a:b] for a, b in zip((0, *cuts), (*cuts, size), strict=True)]
    return _carried(gap.join(parts), clean)


_ACCOUNTS = {"DE": 18, "NL": 14, "ES": 20, "GB": 18}


def _iban(clean: Clean) -> Exchange | None:
    country = clean.random.choice(("DE", "ES", "NL", "GB"))
    bank = {"DE": "", "ES": "", "NL": "ABNA", "GB": "NWBK"}[country]
    account = bank + _digits(clean.random, _ACCOUNTS[country] - len(bank))
    plain = "".join(str(int(one, 36)) for one in f"{account}{country}00")
    number = f"{country}{98 - int(plain) % 97:02d}{account}"
    spaced = " ".join(number[k : k + 4] for k in range(0, len(number), 4))
    return _carried(clean.random.choice((number, spaced)), clean)


def _address(clean: Clean) -> Exchange | None:
    first = clean.random.choice((5, 17, 46, 77, 91, 145, 185, 212))
    rest = [clean.random.randint(1, 250) for _ in range(3)]
    return _carried(".".join(map(str, (first, *rest))), clean)


def _social_security(clean: Clean) -> Exchange | None:
    chance = clean.random
    number = f"{chance.randint(101, 665)}-{chance.randint(10, 99)}-{chance.randint(1000, 9999)}"
    return _carried(number, clean)


def _key(clean: Clean) -> Exchange | None:
    letters = string.ascii_letters + string.digits
    upper = string.ascii_uppercase + "234567"
    key = clean.random.choice(
        (
            "AKIA" + "".join(clean.random.choices(upper, k=16)),
            "ghp_" + "".join(clean.random.choices(letters, k=36)),
            "sk-proj-" + "".join(clean.random.choices(letters + "_-", k=64)),
            "sk_live_" + "".join(clean.random.choices(letters, k=24)),
            "hf_" + "".join(clean.random.choices(string.ascii_letters, k=34)),
            "AIza" + "".join(clean.random.choices(letters, k=35)),
            "xoxb-"
            + _digits(clean.random, 12)
            + "-"
            + "".join(clean.random.choices(letters, k=24)),
            f"postgres://app:{''.join(clean.random.choices(letters, k=14))}@db.acme.io/live",
            "-----BEGIN PRIVATE KEY-----\n"
            + "\n".join("".join(clean.random.choices(letters + "+/", k=64)) for _ in range(6))
            + "\n-----END PRIVATE KEY-----",
        )
    )
    return _carried(key, clean)


def _noinput(clean: Clean) -> Exchange | None:
    return (
        f"{clean.asked}\n{clean.random.choice(('<noinput>', '<no input>', '<NoInput>'))}",
        clean.said,
    )


def _merged(clean: Clean) -> Exchange | None:
    head = clean.random.choice(
        ("\n\n18. Instruction: {}", "\n\n### Instruction:\n{}", "\nInstruction: {}\nOutput: Yes.")
    )
    return clean.asked, clean.said + head.format(clean.asked)


def _stand_in(clean: Clean) -> Exchange | None:
    return clean.asked, clean.random.choice(
        ("N/A", "TODO", "...", "None", "[Your answer here]", "null", "n/a", "TBD", "-")
    )


def _echo(clean: Clean) -> Exchange | None:
    return (
        (
            clean.asked,
            f"{clean.asked}{clean.random.choice((chr(10), ' ', chr(10) * 2))}{clean.said}",
        )
        if len(clean.asked) > 30
        else None
    )


_SLOTS = (
    "[Your Name]",
    "[insert date]",
    "{{customer_name}}",
    "<company name>",
    "[Name]",
    "{name}",
    "XX/XX/XXXX",
)


def _slot(clean: Clean) -> Exchange | None:
    return clean.asked, f"Dear {clean.random.choice(_SLOTS)},\n\n{clean.said}"


_TOKENS = (
    "<|im_end|>",
    "<|endoftext|>",
    "<|eot_id|>",
    "<end_of_turn>",
    "[/INST]",
    "<|assistant|>",
    "</s>",
)


def _token(clean: Clean) -> Exchange | None:
    return clean.asked, clean.said + clean.random.choice(_TOKENS)


def _invisible(clean: Clean) -> Exchange | None:
    at = clean.random.randrange(len(clean.said))
    return clean.asked, clean.said[:at] + clean.random.choice(
        "\u200b\u200e\u202e\u2066\ufeff\x08\x1b\x7f"
    ) + clean.said[at:]


def _windows_lines(clean: Clean) -> Exchange | None:
    return (clean.asked, clean.said.replace("\n", "\r\n")) if "\n" in clean.said else None


def _misspelt(clean: Clean) -> Exchange | None:
    """Two letters of one long word of lower case change places."""
    words = list(re.finditer(r"\b[a-z]{7,}\b", clean.said))
    if not words:
        return None
    word = clean.random.choice(words)
    at = word.start() + clean.random.randint(1, len(word[0]) - 3)
    swapped = clean.said[:at] + clean.said[at + 1] + clean.said[at] + clean.said[at + 2 :]
    return (clean.asked, swapped) if swapped != clean.said else None


def _misspelt_as_people_do(clean: Clean) -> Exchange | None:
    """One word as it is often misspelt, by Wikipedia's list for editors (its first hundred)."""
    found = [
        (right, wrong) for right, wrong in _OFTEN.items() if re.search(rf"\b{right}\b", clean.said)
    ]
    if not found:
        return None
    right, wrong = clean.random.choice(found)
    return clean.asked, re.sub(rf"\b{right}\b", wrong, clean.said, count=1)


_OFTEN = {
    "achieve": "acheive", "across": "accross", "address": "adress", "appearance": "appearence",
    "argument": "arguement", "basically": "basicly", "beginning": "begining", "believe": "beleive",
    "business": "buisness", "calendar": "calender", "completely": "completly",
    "definitely": "definately", "difference": "differance", "different": "diffrent",
    "environment": "enviroment", "especially": "especialy", "existence": "existance",
    "experience": "experiance", "finally": "finaly", "foreign": "foriegn",
    "government": "goverment",
    "immediately": "immediatly", "important": "importent", "independent": "independant",
    "interest": "intrest", "knowledge": "knowlege", "library": "libary", "necessary": "neccessary",
    "occurred": "occured", "piece": "peice", "possible": "posible", "really": "realy",
    "receive": "recieve", "remember": "rember", "separate": "seperate", "similar": "similiar",
    "successful": "succesful", "successfully": "sucessfully", "surprise": "suprise",
    "their": "thier", "together": "togather", "tomorrow": "tommorow", "until": "untill",
    "usually": "usualy", "weather": "wether", "which": "wich", "writing": "writting",
}  # fmt: skip

_OTHER = (
    "Das ist eine gute Frage, und die Antwort hängt davon ab, wie viel Zeit Sie dafür haben.",
    "La réponse dépend de la quantité que vous souhaitez acheter et du moment de la livraison.",
    "La respuesta depende de la cantidad que quiera comprar y de la fecha de entrega prevista.",
    "La risposta dipende dalla quantità che desidera acquistare e dal giorno della consegna.",
    "Het antwoord hangt af van hoeveel u wilt kopen en wanneer u het thuis wilt ontvangen.",
)


def _other_language(clean: Clean) -> Exchange | None:
    return clean.asked, " ".join(clean.random.sample(_OTHER, 1) * 2)


def _address_only(clean: Clean) -> Exchange | None:
    return (
        f"https://www.news-{clean.random.randint(1, 999)}.com/{_digits(clean.random, 5)}.html",
        clean.said,
    )


def _blank(clean: Clean) -> Exchange | None:
    return clean.asked, clean.random.choice(("", " ", "\n\n"))


FAULTS = (
    FaultKind("UTF-8 read as Windows-1252", "no_mojibake", _misread),
    FaultKind("cut inside a word", "not_truncated", _cut_word),
    FaultKind("cut after a word", "not_truncated", _cut_sentence),
    FaultKind("last sentence 12 times more", "no_loop", _loop),
    FaultKind("2 to 6 words 40 times more", "no_loop", _loop_of_words),
    FaultKind("list items 4 times", "no_repeated_lines", _lines_again),
    FaultKind("refusal", "not_a_refusal", _refusal),
    FaultKind("speaks of itself as an AI", "no_self_talk", _self_talk),
    FaultKind("code fence left open", "fences_closed", _open_fence),
    FaultKind("`<noinput>`", "no_noinput", _noinput),
    FaultKind("another row in the reply", "one_row", _merged),
    FaultKind("stand-in for a reply", "no_stand_in", _stand_in),
    FaultKind("prompt before the reply", "not_an_echo", _echo),
    FaultKind("slot to be filled in", "filled_in", _slot),
    FaultKind("prompt is an address", "has_its_input", _address_only),
    FaultKind("template's token", "no_reserved_token", _token),
    FaultKind("control or invisible character", "no_control_characters", _invisible),
    FaultKind("line ends of Windows", "unix_lines", _windows_lines),
    FaultKind("frequent misspelling", "few_misspellings", _misspelt_as_people_do),
    FaultKind("two letters swapped", "few_misspellings", _misspelt),
    FaultKind("reply in another language", "english", _other_language),
    FaultKind("blank reply", "no_empty_turn", _blank),
    FaultKind("e-mail address", "no_email", _email),
    FaultKind("telephone number", "no_phone", _phone),
    FaultKind("card number", "no_card", _card),
    FaultKind("IBAN", "no_iban", _iban),
    FaultKind("IP address", "no_ip_address", _address),
    FaultKind("US social security number", "no_social_security", _social_security),
    FaultKind("key or password", "no_key", _key),
)
