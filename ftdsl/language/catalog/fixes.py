"""The fixes of data files: what each mends, whether it is safe, and an example of it.

A fix is named by what it mends: the codes of file and row faults, the functions of a rule's
predicate, or the drop lines of a `dedup` block. Each has one implementation in ``ftdsl.fixing``.
"""

from __future__ import annotations

from typing import Literal

from ftdsl.language.catalog.entry import FixEntry

_Kind = Literal["file", "line", "text", "row", "rows", "spec"]


def _safe(name: str, kind: _Kind, doc: str, before: str, after: str, *mends: str) -> FixEntry:
    return FixEntry(name, kind, "safe", mends, doc, before, after)


def _unsafe(name: str, kind: _Kind, doc: str, before: str, after: str, *mends: str) -> FixEntry:
    return FixEntry(name, kind, "unsafe", mends, doc, before, after)


def _shown(name: str, kind: _Kind, doc: str, before: str, *mends: str) -> FixEntry:
    return FixEntry(name, kind, "display", mends, doc, before, before)


def _chat(said: str, answer: str = '"hello"', more: str = "") -> str:
    turn = f'{{"role":"user","content":{said}}},{{"role":"assistant","content":{answer}}}'
    return f'{{"messages":[{turn}]{more}}}\n'


def _calling(arguments: str, *, quoted: bool = True) -> str:
    given = f'"{arguments}"' if quoted else arguments
    call = f'{{"type":"function","id":"1","function":{{"name":"w","arguments":{given}}}}}'
    said = f'{{"role":"user","content":"hi"}},{{"role":"assistant","tool_calls":[{call}]}}'
    takes = '{"type":"object","properties":{"city":{"type":"string"},"zip":{"type":"string"}}}'
    tool = f'{{"type":"function","function":{{"name":"w","parameters":{takes}}}}}'
    return f'{{"messages":[{said}],"tools":[{tool}]}}\n'


_ROW = _chat('"hi"')

_FILES = (
    _safe(
        "array_to_lines",
        "file",
        "One JSON array, or objects over several lines, in a file of JSON lines: one row a line.",
        f"[\n{_ROW.strip()},\n{_ROW.strip()}\n]\n",
        _ROW + _ROW,
        "FT333",
    ),
    _safe(
        "to_utf8",
        "file",
        "UTF-16 with a byte order mark: the same characters as UTF-8.",
        "\ufeff" + _ROW,
        _ROW,
        "FT336",
    ),
)

_LINES = (
    _safe(
        "strip_byte_order_mark",
        "line",
        "The three bytes EF BB BF at the start of a line.",
        "\ufeff" + _ROW,
        _ROW,
        "FT323",
        "FT324",
    ),
    _safe("delete_blank_line", "line", "A blank line.", f"{_ROW}\n{_ROW}", _ROW + _ROW, "FT329"),
    _safe(
        "split_joined_rows",
        "line",
        "Several objects on one line, or an array of objects: one row a line.",
        _ROW.strip() + _ROW,
        _ROW + _ROW,
        "FT330",
        "FT331",
    ),
    _safe(
        "escape_control_character",
        "line",
        "A raw control character in a string: its JSON escape, which means the same.",
        _chat('"a\tb"'),
        _chat('"a\\tb"'),
        "FT339",
    ),
    _safe(
        "strip_nul",
        "line",
        "NUL characters, which no text means.",
        _chat('"hi\\u0000"'),
        _ROW,
        "FT338",
    ),
    _safe(
        "drop_repeated_key",
        "line",
        "A key that stands twice with the same value: one of them.",
        _ROW.replace('{"messages"', '{"tools":1,"tools":1,"messages"'),
        _ROW.replace('{"messages"', '{"tools":1,"messages"'),
        "FT328",
    ),
    _unsafe(
        "strip_lone_surrogate",
        "line",
        "Half of a character pair, as a cut emoji leaves it.",
        _chat('"hi \\ud83d"'),
        _chat('"hi "'),
        "FT335",
    ),
    _unsafe(
        "read_as_windows_1252",
        "line",
        "A line that is not UTF-8, read as Windows-1252.",
        _chat('"caf\udce9"'),
        _chat('"café"'),
        "FT322",
    ),
    _unsafe(
        "nan_to_null",
        "line",
        "NaN and Infinity, which are not JSON: null.",
        _ROW.replace('{"messages"', '{"tools":NaN,"messages"'),
        _ROW.replace('{"messages"', '{"tools":null,"messages"'),
        "FT327",
    ),
    _unsafe(
        "delete_cut_off_row",
        "line",
        "A last row that was cut off in the middle: nothing can complete it.",
        _ROW + '{"messages": [{"role": "us',
        _ROW,
        "FT321",
    ),
    _shown(
        "choose_repeated_key",
        "line",
        "A key that stands twice with two values: only its author knows which one is meant.",
        _ROW.replace('{"messages"', '{"tools":1,"tools":2,"messages"'),
        "FT328",
    ),
)

_TEXTS = (
    _safe(
        "strip_control_characters",
        "text",
        "Control, zero-width and bidirectional control characters other than tab and line ends.",
        _chat('"hi\u200b"'),
        _ROW,
        "control_characters",
    ),
    _safe(
        "unix_lines",
        "text",
        "Carriage returns, as the line ends of Windows have them: line feeds.",
        _chat('"hi"', '"hello\\r\\nyou"'),
        _chat('"hi"', '"hello\\nyou"'),
        "carriage_returns",
    ),
    _safe(
        "listed_form",
        "text",
        "A value that is one of those a rule lists but for case and white space: that one, for "
        "rules that say `x in [...]`.",
        _chat('"hi"', more=',"topic":"Refund "'),
        _chat('"hi"', more=',"topic":"refund"'),
        "in",
    ),
    _safe(
        "trim",
        "text",
        "White space at both ends of a text, for rules that say `strip(x) == x`.",
        _chat('"hi"', '" hello\\n"'),
        _ROW,
        "strip",
    ),
    _unsafe(
        "to_nfc",
        "text",
        "Characters in Unicode's normal form C, for rules that say `nfc(x) == x`.",
        _chat('"cafe\u0301"'),
        _chat('"café"'),
        "nfc",
    ),
    _unsafe(
        "listed_value",
        "text",
        "A value that is a slip away from one of those a rule lists, one edit in four letters: "
        "that one, for rules that say `x in [...]`.",
        _chat('"hi"', more=',"topic":"refnud"'),
        _chat('"hi"', more=',"topic":"refund"'),
        "in",
    ),
    _unsafe(
        "change_case",
        "text",
        "A text in lower or upper case, for rules that say `lower(x) == x` or `upper(x) == x`.",
        _ROW.replace("hello", "HELLO"),
        _ROW,
        "lower",
        "upper",
    ),
    _unsafe(
        "repair_mojibake",
        "text",
        "UTF-8 that was read as Windows-1252 or Latin-1: the characters that it stood for.",
        _chat('"cafÃ©"'),
        _chat('"café"'),
        "mojibake",
    ),
    _unsafe(
        "close_fence",
        "text",
        "An open code fence: closed at the end of the text.",
        _chat('"hi"', '"```\\nx = 1"'),
        _chat('"hi"', '"```\\nx = 1\\n```"'),
        "fences_closed",
    ),
    _unsafe(
        "correct_spelling",
        "text",
        "Listed misspellings that have one correction, in the case of the word.",
        _chat('"I recieve it"'),
        _chat('"I receive it"'),
        "misspelled",
    ),
    _unsafe(
        "strip_special_tokens",
        "text",
        "Reserved tokens of chat templates, such as `<|im_end|>`.",
        _chat('"hi"', '"hello<|im_end|>"'),
        _ROW,
        "special_tokens",
    ),
    _shown(
        "choose_spelling",
        "text",
        "Listed misspellings that have several corrections.",
        _chat('"I abbort it"'),
        "misspelled",
    ),
)

_ROWS = (
    _safe(
        "canonical_roles",
        "row",
        "Roles by another name: `human` is user; `gpt`, `bot`, `ai` and `model` are assistant; "
        "`observation` is tool; case and outer white space do not count.",
        _ROW.replace('"user"', '"human"').replace('"assistant"', '"gpt"'),
        _ROW,
        "known_roles",
    ),
    _safe(
        "from_value_to_role_content",
        "row",
        "ShareGPT's `from` and `value` in a turn of `messages`: `role` and `content`.",
        '{"messages":[{"from":"human","value":"hi"},{"from":"gpt","value":"hello"}]}\n',
        _ROW,
        "FT343",
    ),
    _safe(
        "drop_null_arguments",
        "row",
        "Null arguments of a call that its tool neither wants nor allows, as columnar files pad "
        "them: without them.",
        _calling('{\\"city\\":\\"Rome\\",\\"zip\\":null}'),
        _calling('{\\"city\\":\\"Rome\\"}'),
        "padded_arguments",
    ),
    _safe(
        "arguments_to_text",
        "row",
        "Arguments of a call that are an object: the JSON text of it, as OpenAI's format wants.",
        _calling('{"city":"Rome"}', quoted=False),
        _calling('{\\"city\\": \\"Rome\\"}'),
        "object_arguments",
    ),
    _unsafe(
        "drop_blank_row",
        "row",
        "A row with a blank turn, prompt or reply: there is nothing to learn from it.",
        _ROW + _chat('"hi"', '""'),
        _ROW,
        "empty_turns",
    ),
    _safe(
        "drop_exact_duplicate",
        "rows",
        "A row that a `drop exact` line of the `dedup` block removes.",
        _ROW + _ROW,
        _ROW,
        "drop exact",
    ),
    _unsafe(
        "drop_near_duplicate",
        "rows",
        "A row that a `drop near` or `drop fuzzy` line of the `dedup` block removes.",
        _chat('"a b c d e f g h i j k"') + _chat('"a b c d e f g h i j k l"'),
        _chat('"a b c d e f g h i j k"'),
        "drop near",
        "drop fuzzy",
    ),
)

_SPECS = (
    _unsafe(
        "delete_idle_waiver",
        "spec",
        "A waiver that excuses nothing, in a copy of the spec: without it. Comments stay.",
        'waive support.brief {\n  reason = "an outage"\n  until  = 2099-12-31\n}\n',
        "",
        "FT352",
    ),
    _unsafe(
        "ignore_shared",
        "spec",
        "A `dedup` block that takes rows of one template for duplicates, in a copy of the spec: "
        "with the setting that leaves the template out.",
        "dedup support {\n  drop near on prompt\n}\n",
        "dedup support {\n  drop near on prompt\n  ignore_shared = 20%\n}\n",
        "FT415",
    ),
)

FIXES: tuple[FixEntry, ...] = (*_FILES, *_LINES, *_TEXTS, *_ROWS, *_SPECS)
