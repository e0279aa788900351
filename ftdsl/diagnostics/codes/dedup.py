"""Codes of duplicates, leakage and coverage."""

from __future__ import annotations

from ftdsl.diagnostics.codes.code import Code

_SPEC = """ftspec 1

dataset support {
  schema = chat
  source = jsonl("data/support.jsonl")
}
"""

_LABELS = _SPEC.replace("chat", "line", 1).replace(
    "ftspec 1\n", "ftspec 1\n\nschema line { text: text  label: text }\n"
)
_AGREE = "\ncoverage support { expect disagreements(label) == 0 }\n"

CODES: tuple[Code, ...] = (
    Code(
        "FT386",
        "no-duplicates-to-compare",
        "disagreements are asked for where no dedup block finds duplicates",
        "`disagreements(…)` compares the rows that a `dedup` block removes with those it keeps in "
        "their place. Without one there is nothing to compare, and no count would mean anything.",
        _LABELS + _AGREE,
        _LABELS + "\ndedup support { drop near on text }\n" + _AGREE,
        "run",
    ),
    Code(
        "FT400",
        "too-much-dropped",
        "more rows are dropped than max_dropped allows",
        "Dedup takes the rows it names out of what coverage and training read, so a threshold that "
        "is too low can empty a dataset without a sound. `max_dropped` is the largest share of the "
        "rows that may go; beyond it the step fails. The removed rows, with the row that each "
        "duplicates and how similar the two are, stand in the report and in `removed.jsonl`.",
        _SPEC + "\ndedup support {\n  drop near on prompt { similarity = 0.3 }\n"
        "  max_dropped = 1%\n}\n",
        _SPEC + "\ndedup support {\n  drop near on prompt { similarity = 0.9 }\n"
        "  max_dropped = 10%\n}\n",
        "run",
    ),
    Code(
        "FT401",
        "leaked-rows",
        "rows are like rows of a held-out set",
        "A model that was trained on a test question is not tested by it. The rows that a "
        "`drop … { against = … }` line finds are dropped, so that this is a warning; the finding "
        "shows the first with the held-out row that it is like.",
        _SPEC + '\neval golden {\n  schema = chat\n  source = jsonl("data/support.jsonl")\n'
        "  score exact = exact_match(output, reply.text)\n}\n\n"
        "dedup support {\n  drop near on prompt { against = golden }\n}\n",
        _SPEC + '\neval golden {\n  schema = chat\n  source = jsonl("data/golden.jsonl")\n'
        "  score exact = exact_match(output, reply.text)\n}\n\n"
        "dedup support {\n  drop near on prompt { against = golden }\n}\n",
        "run",
    ),
    Code(
        "FT402",
        "large-group",
        "one row stands for very many duplicates",
        "A group of more than 100 rows, or of more than ten rows and 1% of the dataset, is worth a "
        "look: the same text many times over, or a template with short contents, where rows that "
        "differ in what matters are taken for duplicates. A group of near-duplicates over "
        "`max_cluster` is an error (FT415).",
        _SPEC + "\ndedup support {\n  drop near on prompt { similarity = 0.3 }\n}\n",
        _SPEC + "\ndedup support {\n  drop near on reply.text { similarity = 0.9 }\n}\n",
        "run",
    ),
    Code(
        "FT403",
        "low-recall",
        "the signature is too short for the threshold",
        "MinHash finds a pair of similar texts by chance; with enough permutations the chance is "
        "next to 1. Here a pair exactly at the threshold is missed more often than once in fifty. "
        "Every pair that is found is verified all the same: nothing is dropped wrongly.",
        _SPEC + "\ndedup support {\n  drop near on prompt {\n"
        "    method = minhash(permutations: 16)\n    similarity = 0.1\n  }\n}\n",
        _SPEC + "\ndedup support {\n  drop near on prompt {\n"
        "    method = minhash(permutations: 128)\n    similarity = 0.8\n  }\n}\n",
        "run",
    ),
    Code(
        "FT404",
        "similarity-zero",
        "at similarity 0 every row is a duplicate",
        "Any two texts have a similarity of 0 or more, so that all rows but the first would go.",
        _SPEC + "\ndedup support {\n  drop near on prompt { similarity = 0 }\n}\n",
        _SPEC + "\ndedup support {\n  drop near on prompt { similarity = 0.8 }\n}\n",
        "run",
    ),
    Code(
        "FT405",
        "no-fuzzy-library",
        "`drop fuzzy` needs a library that is not installed",
        "Fuzzy ratios come from rapidfuzz, which the extra `data` installs. `drop exact` and "
        "`drop near` need nothing beyond the core.",
        "pip uninstall rapidfuzz\nftdsl validate specs/support.ftspec",
        "pip install 'ftdsl[data]'\nftdsl validate specs/support.ftspec",
        "run",
    ),
    Code(
        "FT406",
        "too-many-for-fuzzy",
        "there are too many texts to compare every pair",
        "`drop fuzzy` compares the letters of every pair of different texts, which takes four "
        "times as long for twice as many. It is meant for short fields of up to 30,000 different "
        "texts. `drop near` compares runs of words and grows with the number of rows.",
        _SPEC + "\ndedup support {\n  drop fuzzy on prompt { similarity = 0.9 }\n}\n",
        _SPEC + "\ndedup support {\n  drop near on prompt { similarity = 0.9 }\n}\n",
        "run",
    ),
    Code(
        "FT410",
        "not-covered",
        "a group has fewer or more rows than the coverage block asks for",
        "Shares are of the rows that dedup kept. The finding says how many rows are missing: for a "
        "lower bound on a share, the number of further rows of this group alone that would reach "
        "it, which counts that they enlarge the dataset as well.",
        _SPEC + "\ncoverage support {\n  by lang(prompt) { es >= 50% }\n}\n",
        _SPEC + "\ncoverage support {\n  by lang(prompt) { en >= 50% }\n}\n",
        "run",
    ),
    Code(
        "FT411",
        "coverage-statement",
        "an `expect` of a coverage block does not hold",
        "The statement is about all rows that dedup kept. The finding shows what the parts are.",
        _SPEC + "\ncoverage support {\n  expect distinct_n(reply.text, n: 2) >= 0.99\n}\n",
        _SPEC + "\ncoverage support {\n  expect distinct_n(reply.text, n: 2) >= 0.1\n}\n",
        "run",
    ),
    Code(
        "FT412",
        "few-texts-for-clusters",
        "there are fewer different texts than clusters",
        "`cluster(…, k: N)` puts rows into N groups of texts with similar words. With fewer than N "
        "different texts that have a word, some group must stay empty, and `each` cannot hold.",
        _SPEC + "\ncoverage support {\n  by cluster(prompt, k: 500) { each >= 0.1% }\n}\n",
        _SPEC + "\ncoverage support {\n  by cluster(prompt, k: 5) { each >= 1% }\n}\n",
        "run",
    ),
    Code(
        "FT414",
        "nothing-to-cover",
        "no row is left to cover anything",
        "A coverage block over no rows has not been answered: either nothing could be read or "
        "dedup dropped everything.",
        _SPEC + "\ncoverage support {\n  by lang(prompt) { en >= 60% }\n}\n",
        _SPEC + "\ncoverage support {\n  by lang(prompt) { en >= 60% }\n}\n",
        "run",
    ),
    Code(
        "FT415",
        "template-taken-for-duplicates",
        "one row stands for more near-duplicates than max_cluster allows",
        "Rows that are made from one template share most of their shingles, though what was put "
        "into it differs: each is a near-duplicate of the first, and nearly all of them would go. "
        "The finding shows the text that the rows share. `ignore_shared = 20%` leaves the shingles "
        "out that more than a fifth of the rows hold, so that rows are compared by the rest; a row "
        "of which nothing is left is nobody's near-duplicate. Where the rows are duplicates after "
        "all, `max_cluster` says how many of them one row may stand for (1% of the rows where it "
        "is not given; ten are always allowed). Rows that have all the same words are copies, and "
        "no template.",
        _SPEC + "\ndedup support {\n  drop near on prompt { similarity = 0.3 }\n}\n",
        _SPEC + "\ndedup support {\n  drop near on prompt { similarity = 0.3 }\n"
        "  ignore_shared = 20%\n}\n",
        "run",
    ),
    Code(
        "FT416",
        "removed-row",
        "a row is removed, since another that is kept is like it",
        "`ftdsl rows SPEC removed` lists every row that a dedup block removes, with the row that "
        "is kept in its place, how similar the two are, and the part of both texts in which they "
        "differ. The files stay as they are: the rows are left out of what coverage and training "
        "read.",
        "ftdsl rows specs/support.ftspec removed",
        "ftdsl rows specs/support.ftspec support.answered",
        "run",
    ),
    Code(
        "FT425",
        "too-few-for-false-flags",
        "the held-out rows are too few for the share of false flags",
        "The threshold of `paraphrase` is a similarity that fewer of the held-out rows than the "
        "stated share have with another of them. One in a hundred cannot be seen among fifty: to "
        "state a share of 1% takes 199 rows, to state 5% takes 39. With fewer, say from which "
        "similarity on a row is taken for a paraphrase.",
        _SPEC + '\neval golden {\n  schema = chat\n  source = jsonl("data/golden.jsonl")\n'
        "  score exact = exact_match(output, reply.text)\n}\n\n"
        "dedup support {\n  drop paraphrase on prompt {\n    against = golden\n"
        "    false_flags = 0.01%\n  }\n}\n",
        _SPEC + '\neval golden {\n  schema = chat\n  source = jsonl("data/golden.jsonl")\n'
        "  score exact = exact_match(output, reply.text)\n}\n\n"
        "dedup support {\n  drop paraphrase on prompt { against = golden  similarity = 0.5 }\n}\n",
        "run",
    ),
    Code(
        "FT426",
        "forbidden-rows",
        "there are rows that a `forbid` line forbids",
        "`forbid` finds rows as `drop` does, and fails the step where it finds one: for data that "
        "was promised to hold none, such as two splits that share no conversation. The rows are "
        "left out of what is trained on as well, and stand in `removed.jsonl`.",
        _SPEC + '\neval golden {\n  schema = chat\n  source = jsonl("data/support.jsonl")\n'
        "  score exact = exact_match(output, reply.text)\n}\n\n"
        "dedup support {\n  forbid exact on prompt { against = golden }\n}\n",
        _SPEC + '\neval golden {\n  schema = chat\n  source = jsonl("data/golden.jsonl")\n'
        "  score exact = exact_match(output, reply.text)\n}\n\n"
        "dedup support {\n  forbid exact on prompt { against = golden }\n}\n",
        "run",
    ),
    Code(
        "FT427",
        "no-paraphrase-library",
        "`paraphrase` needs a library that is not installed",
        "Paraphrases are found with sparse matrices of scipy, which the extra `data` installs. "
        "`exact`, `near` and `ngram` need nothing beyond the core.",
        "pip uninstall scipy\nftdsl validate specs/support.ftspec",
        "pip install 'ftdsl[data]'\nftdsl validate specs/support.ftspec",
        "run",
    ),
    Code(
        "FT428",
        "too-many-cells",
        "a `cross` makes more combinations than can be looked at",
        "`by cross(a, b)` counts every combination of the values of `a` and `b` that occur, also "
        "those that no row has. With more than 10,000 most cells are empty whatever the data, and "
        "nobody reads the list: cross fields that have few values.",
        _SPEC + "\ncoverage support {\n  by cross(prompt, reply.text) { each >= 1 }\n}\n",
        _SPEC + "\ncoverage support {\n  by cross(lang(prompt), turns) { each >= 1 }\n}\n",
        "run",
    ),
    Code(
        "FT429",
        "no-such-dataset",
        "the spec has no dataset or split of that name",
        "`ftdsl sample` draws rows of a dataset that the spec declares, `DATASET`, or of one split "
        "of it, `DATASET.SPLIT`.",
        "ftdsl sample specs/support.ftspec suport -n 100 --out sample.jsonl",
        "ftdsl sample specs/support.ftspec support -n 100 --out sample.jsonl",
        "run",
    ),
)
