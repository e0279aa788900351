"""Codes of evals whose cases are held turn by turn."""

from __future__ import annotations

from ftdsl.diagnostics.codes.code import Code

_SPEC = """ftspec 1

model mini { provider = local  path = "models/mini.gguf" }

eval golden {
  schema = chat
  source = jsonl("data/golden.jsonl")
  history = HISTORY
  score exact = exact_match(output, reply.text)
  score tone = judge("prompts/tone.md", by: mini, labels: "prompts/tone.jsonl")
}
"""

CODES: tuple[Code, ...] = (
    Code(
        "FT582",
        "tools-in-dialogue",
        "a case with turns of tools is to be held with the model's own answers",
        "With `history = own` the model's own answers take the place of the recorded ones. A tool "
        "that it calls would have to be run, and the recorded result belongs to another call.",
        'history = own   # and a case has {"role": "tool", …}',
        "history = own   # over cases without tools",
        "run",
    ),
    Code(
        "FT583",
        "judge-of-each-turn",
        "a judged score is asked of each answer of a dialogue",
        "A judge is shown the whole dialogue and its last answer. `history = own_each` scores each "
        "answer against the one that the case expects there, which scorers can do.",
        _SPEC.replace("HISTORY", "own_each"),
        _SPEC.replace("HISTORY", "own"),
    ),
    Code(
        "FT584",
        "recorded-dialogue",
        "recorded outputs are to be asked turn by turn",
        "A model of recorded outputs has one output a case, which was given to the recorded turns.",
        "history = own   # and `from = recorded`",
        "history = recorded",
        "run",
    ),
)
