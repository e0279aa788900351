"""Codes of data files, rows and rules."""

from __future__ import annotations

from ftdsl.diagnostics.codes.code import Code

_TURNS = '{"role": "user", "content": "hi"}, {"role": "assistant", "content": "hello"}'
_GOOD = f'{{"messages": [{_TURNS}]}}\n'
_VALIDATE = "ftdsl validate spec.ftspec"


def _row(code: str, name: str, summary: str, explanation: str, failing: str) -> Code:
    return Code(code, name, summary, explanation, failing, _GOOD, "rows")


def _run(
    code: str, name: str, summary: str, explanation: str, failing: str, passing: str = ""
) -> Code:
    """``failing`` and ``passing`` make a state of the files; then the spec is validated."""
    after = f"{passing} && {_VALIDATE}" if passing else _VALIDATE
    return Code(code, name, summary, explanation, f"{failing} && {_VALIDATE}", after, "run")


_FILES = (
    _run(
        "FT300",
        "no-such-file",
        "a data file does not exist",
        "The source names one file, and it is not there. Paths are read from the folder of the "
        "spec. A file under Git LFS or DVC may have to be fetched first.",
        "rm rows.jsonl",
        "cp backup.jsonl rows.jsonl",
    ),
    _run(
        "FT301",
        "no-file-matches",
        "no file matches the pattern",
        "The source is a pattern that names no file. Nothing to check is not the same as nothing "
        "wrong, so this is an error.",
        "sed -i 's/rows.jsonl/*.ndjson/' spec.ftspec",
        "sed -i 's/[*].ndjson/*.jsonl/' spec.ftspec",
    ),
    _run(
        "FT302",
        "no-ordinary-file",
        "the path is a folder, a pipe or a device",
        "Only ordinary files are read: a pipe could wait for ever and a device never ends. For a "
        "folder, write a pattern such as `data/*.jsonl`.",
        "rm rows.jsonl && mkdir rows.jsonl",
        "rmdir rows.jsonl && cp backup.jsonl rows.jsonl",
    ),
    _run(
        "FT303",
        "file-not-readable",
        "a data file cannot be read",
        "The system refuses to open the file; the message gives its reason, most often missing "
        "permission.",
        "chmod 000 rows.jsonl",
        "chmod 644 rows.jsonl",
    ),
    _run(
        "FT304",
        "file-outside-root",
        "a data file lies outside the project root",
        "A spec reads only what is under its project's root, and no link leads out of it. So a "
        "spec from elsewhere cannot show what else is on the machine.",
        "ln -sf /etc/hostname rows.jsonl",
        "rm rows.jsonl && cp backup.jsonl rows.jsonl",
    ),
    _run(
        "FT305",
        "file-changed",
        "a data file changed while it was read",
        "Size, time or inode of the file are others at the end of reading than at its start, so "
        "the result would be about no state of the file that ever was.",
        "(sleep 0.1; echo >> rows.jsonl) &",
    ),
    _run(
        "FT306",
        "decompression-bomb",
        "a packed file unpacks to far more than its size",
        "A gzip or Zstandard file may grow to 200 times its size (always to 64 MiB, never over 64 "
        "GiB). What grows more is taken for a bomb that would fill the memory or the disk.",
        "head -c 99999999 /dev/zero | tr '\\0' ' ' | gzip > rows.jsonl",
        "gzip < backup.jsonl > rows.jsonl",
    ),
    _run(
        "FT307",
        "damaged-file",
        "a packed or Parquet file is damaged",
        "The file cannot be unpacked or is no valid Parquet file, often because a download was cut "
        "off. Columns of Arrow extension types are refused as well: they can run code.",
        "gzip < backup.jsonl | head -c 20 > rows.jsonl",
        "gzip < backup.jsonl > rows.jsonl",
    ),
    _run(
        "FT308",
        "missing-package",
        "an optional package is needed",
        "Zstandard and Parquet files, token counts and languages need packages that the small "
        "install leaves out. The message names the group to install.",
        "pip uninstall -y zstandard && zstd -c backup.jsonl > rows.jsonl",
        "pip install 'ftdsl[data]'",
    ),
)

_NAMES = (
    _run(
        "FT309",
        "file-name-not-utf-8",
        "the name of a data file is not UTF-8",
        "JSON, TOML and every report are UTF-8, so that such a name can stand in none of them.",
        "sed -i 's/rows.jsonl/r*.jsonl/' spec.ftspec && mv rows.jsonl $(printf 'r\\351.jsonl')",
        "mv r*.jsonl rows.jsonl",
    ),
)

_LINES = (
    _row(
        "FT319",
        "negative-zero",
        "a number is a zero with a minus sign",
        "JSON has `-0`; some readers keep its sign as a double, others read the whole number 0, so "
        "the same row can get two digests.",
        _GOOD.replace('{"messages"', '{"tools": -0, "messages"'),
    ),
    _row(
        "FT320",
        "malformed-json",
        "a row is not valid JSON",
        "The message gives the column and the byte at which reading failed. The row is not "
        "checked; all others are.",
        '{"messages": oops}\n',
    ),
    _row(
        "FT321",
        "cut-off",
        "the last row is incomplete",
        "The file ends in the middle of a row, without a line end: whatever wrote it was cut off, "
        "and more than this row may be missing.",
        _GOOD + '{"messages": [{"role": "us',
    ),
    _run(
        "FT322",
        "row-not-utf-8",
        "a row is not UTF-8",
        "JSON is UTF-8. The message gives the first byte that begins no character. Single bytes "
        "above 7F usually mean that the file is Latin-1 or Windows-1252.",
        "iconv -t latin1 umlauts.jsonl > rows.jsonl",
        "iconv -f latin1 -t utf-8 rows.jsonl > r && mv r rows.jsonl",
    ),
    _run(
        "FT323",
        "inner-byte-order-mark",
        "a byte order mark stands inside the file",
        "Two files that each began with a mark were joined. Most readers stop at such a line.",
        "printf '\\xef\\xbb\\xbf' >> rows.jsonl && cat backup.jsonl >> rows.jsonl",
        "cp backup.jsonl rows.jsonl",
    ),
    _run(
        "FT324",
        "byte-order-mark",
        "the file starts with a byte order mark",
        "The three bytes EF BB BF are no part of JSON. They are left out here and many readers "
        "refuse them.",
        "(printf '\\xef\\xbb\\xbf'; cat backup.jsonl) > rows.jsonl",
        "cp backup.jsonl rows.jsonl",
    ),
    _row(
        "FT325",
        "endless-integer",
        "an integer has hundreds of digits",
        "No reader holds such a number exactly, and some take very long to try.",
        f'{{"messages": 1{"0" * 320}}}\n',
    ),
    _row(
        "FT326",
        "inexact-integer",
        "an integer is beyond 2^53",
        "Readers that hold every number as a double round it without a word. An id of this size "
        "is safe only as text.",
        _GOOD.replace('{"messages"', '{"tools": 9007199254740993, "messages"'),
    ),
    _row(
        "FT327",
        "no-json-number",
        "NaN, Infinity or a number beyond every double",
        "Python writes NaN and Infinity although JSON has neither; other readers refuse the row.",
        _GOOD.replace('{"messages"', '{"tools": NaN, "messages"'),
    ),
    _row(
        "FT328",
        "repeated-key",
        "an object holds one key twice",
        "Readers disagree on which of the two counts, so two tools may train on different rows.",
        _GOOD.replace('{"messages"', '{"tools": 1, "tools": 2, "messages"'),
    ),
    _row(
        "FT329",
        "blank-line",
        "a line is blank",
        "It is counted as skipped. Some readers stop at it.",
        _GOOD + "\n" + _GOOD,
    ),
    _row(
        "FT330",
        "row-no-object",
        "a row is not an object",
        "Every row is an object with the fields of the schema.",
        '["hi", "hello"]\n',
    ),
    _row(
        "FT331",
        "joined-rows",
        "more than one JSON value stands on a line",
        "A line end is missing between two rows. `jq -c . FILE` writes one a line.",
        _GOOD.strip() + _GOOD,
    ),
    _run(
        "FT332",
        "line-too-long",
        "a line is over 64 MiB long",
        "The line is not kept in memory and its row not read. Often a whole file has lost its line "
        "ends.",
        "(printf '{\"messages\": \"'; yes x | head -c 99999999 | tr -d '\\n') > rows.jsonl",
        "cp backup.jsonl rows.jsonl",
    ),
    _row(
        "FT333",
        "no-json-lines",
        "the file is of another format than the spec says",
        "A JSON array, pretty-printed JSON or a table was named as JSON lines, or the reverse. "
        "Name the format that it has: `json(…)`, `jsonl(…)`, `csv(…)`.",
        f"[\n{_GOOD}]\n",
    ),
    _row(
        "FT334",
        "pointer-file",
        "the file is a pointer to data that was not fetched",
        "Git LFS and DVC leave a small text file in the place of the data. Fetch the data first.",
        "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a2146\nsize 12345\n",
    ),
    _row(
        "FT335",
        "lone-surrogate",
        "a text holds half a character",
        "An escape such as `\\ud83d` without its other half is no character; it comes from a text "
        "that was cut in the middle of an emoji. It cannot be written as UTF-8.",
        _GOOD.replace("hello", "hello \\ud83d"),
    ),
    _run(
        "FT336",
        "other-encoding",
        "the file is UTF-16, UTF-32 or binary",
        "The first bytes tell what it is. Data files are UTF-8, plain or packed as .gz or .zst.",
        "iconv -t utf-16 backup.jsonl > rows.jsonl",
        "cp backup.jsonl rows.jsonl",
    ),
    _row(
        "FT337",
        "too-deep",
        "a row is nested too deeply",
        "No real row has hundreds of levels; many readers crash on one that has.",
        f'{{"tools": {"[" * 300}{"]" * 300}, "messages": []}}\n',
    ),
    _row(
        "FT338",
        "nul-character",
        "a text holds the NUL character",
        "Tokenizers, databases and C libraries cut or refuse such a text.",
        _GOOD.replace("hello", "hello\\u0000"),
    ),
    _row(
        "FT339",
        "raw-control-character",
        "a raw control character stands in a string",
        "JSON has control characters only as escapes such as `\\n`.",
        _GOOD.replace("hello", "hel\tlo"),
    ),
    _row(
        "FT340",
        "wrong-type",
        "a field holds a value of another type",
        "The schema or the row format says what the field holds. The row is not asked any rule.",
        '{"messages": "hello"}\n',
    ),
    _row(
        "FT341",
        "missing-field",
        "a required field is missing or null",
        "Declare the field with `?` in the schema if rows may lack it.",
        '{"prompt": "hi"}\n',
    ),
    _row(
        "FT342",
        "undeclared-field",
        "rows have a field that no schema declares",
        "Rules cannot see the field, and trainers may or may not use it. Declare it in a schema "
        "that extends the format. Said once a field, with the number of rows.",
        _GOOD.replace('{"messages"', '{"source": "web", "messages"'),
    ),
    _row(
        "FT343",
        "malformed-turn",
        "a turn is not well formed",
        "A turn has a `role` and a `content` (a text or a list of parts); only a turn that calls "
        "tools may lack its content. In sharegpt it has `from` and `value`.",
        '{"messages": [{"role": "user"}]}\n',
    ),
    _run(
        "FT346",
        "malformed-table-row",
        "a row of a CSV file does not fit its header",
        "It has more or fewer cells than the header, or its quotes are wrong. Cells that hold "
        'commas, quotes or line ends are quoted, and a quote in one is written `""`.',
        "printf 'prompt,completion\\na,b,c\\n' > rows.csv",
        "printf 'prompt,completion\\n\"a,b\",c\\n' > rows.csv",
    ),
    _run(
        "FT348",
        "template-not-readable",
        "the dataset's chat template cannot be read",
        "`template` is the path of a Jinja file under the project root, as models carry it in "
        "`chat_template.jinja`.",
        "rm chat_template.jinja",
        "cp model/chat_template.jinja .",
    ),
)

_RULES = (
    _run(
        "FT350",
        "rule-broken",
        "a row breaks a rule",
        "The finding shows the row's file, line and id, and what each part of the rule's condition "
        "came to on it. The rule's `fail when` and `warn when` lines decide what it means for the "
        "verdict; `waive` excuses a row with a reason and an end.",
        "cp blank_reply.jsonl rows.jsonl",
        "cp backup.jsonl rows.jsonl",
    ),
    _run(
        "FT351",
        "statement-broken",
        "a statement about the whole dataset does not hold",
        "The finding shows what each quantity in it came to. Dataset rules name no rows.",
        "head -n 1 backup.jsonl > rows.jsonl",
        "cp backup.jsonl rows.jsonl",
    ),
    _run(
        "FT352",
        "idle-waiver",
        "a waiver has no effect",
        "No row fails the rule, or the rows that the waiver names do not. A waiver that excuses "
        "nothing hides the next real failure: delete it.",
        "cp backup.jsonl rows.jsonl",
        "cp blank_reply.jsonl rows.jsonl",
    ),
    _run(
        "FT354",
        "no-rows",
        "the dataset has no row that can be checked",
        "Every rule holds for no rows at all, which says nothing: so it is an error.",
        ": > rows.jsonl",
        "cp backup.jsonl rows.jsonl",
    ),
    _run(
        "FT355",
        "empty-split",
        "a split has no row",
        "With few rows a small share may get none. Rows that share a key stay together.",
        "head -n 1 backup.jsonl > rows.jsonl",
        "cp backup.jsonl rows.jsonl",
    ),
    _run(
        "FT358",
        "tokenizer-not-readable",
        "the dataset's tokenizer cannot be read",
        "`tokenizer` is `o200k_base`, `cl100k_base` or the path of a tokenizer.json under the "
        "project root.",
        "rm tokenizer.json",
        "cp model/tokenizer.json .",
    ),
    _run(
        "FT359",
        "worker-ended",
        "a worker process ended before its work was done",
        "The system may have ended it for its use of memory, or the disk is full. Nothing is lost: "
        "the step is run again from its start.",
        "ulimit -v 200000",
    ),
)

CODES: tuple[Code, ...] = (*_FILES, *_NAMES, *_LINES, *_RULES)
