"""Codes of names, settings, types and units."""

from __future__ import annotations

from ftdsl.diagnostics.codes.code import Code
from ftdsl.diagnostics.codes.spec_examples import (
    CHAT,
    MODELS,
    TICKETS,
    block,
    chat,
    dataset,
    declared,
    expect,
    gate,
    model,
    must,
    rule,
)

_SPLIT = 'schema = chat\nsource = jsonl("data/a.jsonl")'

CODES: tuple[Code, ...] = (
    Code(
        "FT100",
        "unknown-name",
        "a name means nothing where it stands",
        "In a rule the names are the fields of the schema, the parts of the row that its format "
        "offers (`prompt`, `reply.text`, …) and `let` constants. A function sees its parameters "
        "alone; a gate sees the scores of its eval.",
        must('promt != ""'),
        must('prompt != ""'),
    ),
    Code(
        "FT101",
        "declared-twice",
        "two things of one file have the same name",
        "All declarations of a file share one set of names, so that a name means one thing "
        "wherever it is read. A dataset has at most one `check`, one `dedup` and one `coverage`.",
        chat(CHAT.removeprefix("ftspec 1\n\n").rstrip()),
        CHAT,
    ),
    Code(
        "FT102",
        "name-hides-another",
        "a declaration hides another meaning of the same name",
        "A reader should never have to know which of two meanings wins. Functions may not have "
        "names of built-in functions, nor fields those of row parts, nor `let`s those of fields.",
        declared("fn words(t: text) -> int = length(t)", "each must words(prompt) > 3"),
        declared("fn signs(t: text) -> int = length(t)", "each must signs(prompt) > 3"),
    ),
    Code(
        "FT103",
        "never-used",
        "something is declared and nothing refers to it",
        "What has no effect is a mistake or a leftover. Files that hold only declarations are "
        "libraries: there, only unused imports are reported.",
        chat("let limit = 4k"),
        declared("let limit = 4k", "each must tokens(row) <= limit"),
    ),
    Code(
        "FT104",
        "unknown-function",
        "no function has this name",
        "The reference page lists every function with an example. A spec declares its own with "
        "`fn`.",
        must("wrods(prompt) > 3"),
        must("words(prompt) > 3"),
    ),
    Code(
        "FT105",
        "unknown-setting",
        "a block has no setting of this name",
        "The world of a spec is closed: a misspelt setting would otherwise be left out silently.",
        dataset(f"{_SPLIT}\nshuffle = true"),
        dataset(_SPLIT),
    ),
    Code(
        "FT106",
        "given-twice",
        "something is given twice where once is meant",
        "Of two values one would win, and a reader could not see which. The same holds for a "
        "name that a list holds twice.",
        dataset(f"{_SPLIT}\nschema = chat"),
        dataset(_SPLIT),
    ),
    Code(
        "FT107",
        "missing-setting",
        "a block lacks something it needs",
        "The message names the setting, and the help shows what it may look like.",
        dataset("schema = chat"),
        dataset(_SPLIT),
    ),
    Code(
        "FT108",
        "has-no-effect",
        "a setting or statement would have no effect here",
        "Nothing is accepted that does nothing: a setting of another provider, a statement of "
        "another block, a source beside splits that are files of their own.",
        model('provider = openai  name = "gpt-4.1-mini"  base_url = "https://host/v1"'),
        model('provider = openai  name = "gpt-4.1-mini"'),
    ),
    Code(
        "FT109",
        "wrong-kind-of-thing",
        "a name stands for another kind of thing than is wanted",
        "For example a model where a dataset is wanted.",
        f'{MODELS}\ncheck local {{\n  rule example {{ each must prompt != "" }}\n}}\n',
        f"{MODELS}\ngate release {{\n  from = local\n  eval = golden\n"
        "  require exact.mean >= 82%\n}\n",
    ),
    Code(
        "FT110",
        "wrong-unit",
        "a quantity has another unit than is wanted",
        "Units are types: counts (`10k`), ratios (`95%`), points (`1pp`), durations (`2s`), money "
        "(`$40`), sizes (`10MiB`), dates, plain scores (`0.85`). A bare `1` is not `1%`: the one "
        "would let every row fail, the other one in a hundred.",
        rule('each must prompt != ""  fail when failing > 1'),
        rule('each must prompt != ""  fail when failing > 1%'),
    ),
    Code(
        "FT111",
        "type-mismatch",
        "a value has another type than is wanted",
        "Types are checked before any data is read: texts are compared with texts, conditions "
        "are yes-or-no values, lists hold one kind of value.",
        must("words(prompt)"),
        must("words(prompt) > 3"),
    ),
    Code(
        "FT112",
        "may-be-null",
        "a value that some rows lack is used as if every row had it",
        "A field of type `text?` may be absent or null. Ask with `has(topic) and …`, or give a "
        'stand-in with `topic ?? "none"`. After `has(topic)` the field is known to be there, '
        "in a `where` as well.",
        must('topic != "spam"', TICKETS),
        must('has(topic) and topic != "spam"', TICKETS),
    ),
    Code(
        "FT113",
        "wrong-arguments",
        "a call has arguments that the function does not take, or lacks some",
        "Arguments without a name come first, in order; the others are written with their name, "
        "as in `distinct_n(reply.text, n: 2)`.",
        expect("distinct_n(reply.text, 2) >= 0.4"),
        expect("distinct_n(reply.text, n: 2) >= 0.4"),
    ),
    Code(
        "FT114",
        "out-of-range",
        "a constant is outside what makes sense",
        "The label names the range.",
        expect("distinct_n(reply.text, n: 0) >= 0.4"),
        expect("distinct_n(reply.text, n: 2) >= 0.4"),
    ),
    Code(
        "FT115",
        "wrong-scope",
        "something about one row stands where all rows are meant, or the other way round",
        "`each … must …` looks at one row and yields the rows that fail. `expect …` looks at the "
        "whole dataset, through functions over all rows such as `share`, `mean` and `count`. "
        "Measures such as `failing` are read in verdict lines and gates alone.",
        must("count(rows) > 10"),
        expect("count(rows) > 10"),
    ),
    Code(
        "FT116",
        "always-holds",
        "a comparison holds whatever the data",
        "A number of words is never below 0, a ratio never above 100%. Such a condition checks "
        "nothing.",
        must("words(prompt) >= 0"),
        must("words(prompt) > 0"),
    ),
    Code(
        "FT117",
        "never-holds",
        "a comparison cannot hold, whatever the data",
        "A number of words is never below 0, a ratio never above 100%.",
        must("words(prompt) < 0"),
        must("words(prompt) < 900"),
    ),
    Code(
        "FT120",
        "never-null",
        "a value is asked for or replaced that is never null",
        "`has(x)` and `x ?? y` are for fields that may be absent, `x: text?` in the schema.",
        must('has(lang) and lang != ""', TICKETS),
        must('has(topic) and topic != ""', TICKETS),
    ),
    Code(
        "FT121",
        "not-a-constant",
        "a value must be known before the data is read",
        "`let` values, patterns and settings are constants: numbers with their units, texts, "
        "dates and lists of them, and arithmetic over these.",
        must("matches(reply.text, prompt)"),
        must('matches(reply.text, "^Dear")'),
    ),
    Code(
        "FT122",
        "unusable-pattern",
        "a regular expression is wrong, or cannot be matched in linear time",
        "Patterns are RE2's: no look-around and no back-references, so that no pattern and no "
        "text can make a check hang.",
        must('not matches(reply.text, "foo(?!bar)")'),
        must('not matches(reply.text, "foo($|[^b])")'),
    ),
    Code(
        "FT123",
        "refers-to-itself",
        "a declaration needs its own value",
        "The language has no recursion: every expression ends.",
        declared("fn f(n: int) -> int = f(n) + 1", "each must f(turns) > 3"),
        declared("fn f(n: int) -> int = n + 1", "each must f(turns) > 3"),
    ),
    Code(
        "FT124",
        "no-python-function",
        "an `extern fn` does not say where its function is",
        "It is written as a module and a function, `checks.toxicity:score`. Declaring it grants "
        "nothing: the operator must allow the module.",
        chat('extern fn toxicity(t: text) -> float from "checks/toxicity.py"'),
        chat('extern fn toxicity(t: text) -> float from "checks.toxicity:score"'),
    ),
    Code(
        "FT125",
        "unknown-word",
        "a word is none of those that can stand here",
        "Types, providers, methods and targets are words of the language; the label lists them.",
        model('provider = opnai  name = "gpt-4.1-mini"'),
        model('provider = openai  name = "gpt-4.1-mini"'),
    ),
    Code(
        "FT126",
        "expands-too-far",
        "functions that call one another grow too large",
        "Calls are replaced by the functions' bodies. A few short functions can grow without end "
        "that way, so there is a budget of 100,000 parts and 150 levels.",
        declared(
            "\n".join(
                ["fn f0(n: int) -> int = n + n"]
                + [f"fn f{i}(n: int) -> int = f{i - 1}(n) + f{i - 1}(n)" for i in range(1, 18)]
            ),
            "each must f17(turns) > 3",
        ),
        declared("fn f0(n: int) -> int = n + n", "each must f0(turns) > 3"),
    ),
    Code(
        "FT127",
        "not-declared",
        "nothing of this name is declared",
        "Blocks refer to one another by name, in any order: a check to its dataset, a gate to its "
        "eval and models. What another file declares is written with the import's name before it.",
        chat('check suport {\n  rule example { each must prompt != "" }\n}'),
        rule('each must prompt != ""'),
    ),
    Code(
        "FT149",
        "bad-value-from-outside",
        "a value given on the command line does not fit",
        "`--set NAME=VALUE` replaces the value of a `let` of the spec itself, by one of the same "
        "type.",
        "ftdsl check specs/support.ftspec --set context=4%",
        "ftdsl check specs/support.ftspec --set context=8k",
        "run",
    ),
    Code(
        "FT160",
        "bad-address",
        "the address of an API is wrong or holds a secret",
        "An address is `https://host/v1` or `http://host:port/v1`: no user name, no password, no "
        "query. Keys are given by the operator, for a host each, and never stand in a spec.",
        model('provider = openai_compatible  name = "m"  base_url = "https://me:pw@host/v1"'),
        model('provider = openai_compatible  name = "m"  base_url = "https://host/v1"'),
    ),
    Code(
        "FT161",
        "unknown-slice",
        "a requirement is by a slice that the eval does not have",
        "`require … by topic` needs `slice by topic` in the eval.",
        gate("require exact.mean >= 82% by topic"),
        gate("require exact.mean >= 82%"),
    ),
    Code(
        "FT162",
        "compared-with-itself",
        "a gate's baseline is one of its candidates",
        "A model is never better than itself.",
        gate("baseline = local\nrequire exact.mean >= baseline.exact.mean"),
        gate("baseline = other\nrequire exact.mean >= baseline.exact.mean"),
    ),
    Code(
        "FT138",
        "impossible-bounds",
        "bounds that no data and no model can meet together",
        "Shares of a whole add up to 100%: lower bounds beyond that can never hold. A lower bound "
        "above the upper bound of the same quantity cannot either.",
        block("coverage", "by lang(prompt) { en >= 60%  es >= 50% }"),
        block("coverage", "by lang(prompt) { en >= 60%  es >= 30% }"),
    ),
)
