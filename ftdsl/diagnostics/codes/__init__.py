"""Every diagnostic code, by family. A code is never reused.

FT0xx text and syntax · FT1xx names, types and blocks · FT2xx command line, plan, lock and engine ·
FT3xx data files, rows and rules · FT4xx duplicates, leakage and coverage · FT5xx models, evals and
gates · FT6xx training; FT63x hooks and pytest; FT64x
advice · FT7xx the loop: runs, FT72x and FT73x ratings by people, what to do next.
"""

from __future__ import annotations

from ftdsl.diagnostics.codes import (
    advice,
    asking,
    cluster,
    commands,
    data,
    deciding,
    dedup,
    dialogues,
    drift,
    embeddings,
    evaluation,
    exporting,
    fixing,
    forecast,
    grammar,
    hooks,
    index,
    interchange,
    judging,
    objectives,
    plan,
    preflight,
    rating,
    rounds,
    semantics,
    syntax,
    training,
)
from ftdsl.diagnostics.codes.code import Code

_FAMILIES = (
    syntax,
    semantics,
    plan,
    commands,
    data,
    drift,
    grammar,
    dedup,
    cluster,
    index,
    embeddings,
    evaluation,
    exporting,
    asking,
    judging,
    dialogues,
    deciding,
    interchange,
    training,
    objectives,
    preflight,
    hooks,
    fixing,
    forecast,
    advice,
    rounds,
    rating,
)

CODES: dict[str, Code] = {code.code: code for family in _FAMILIES for code in family.CODES}
