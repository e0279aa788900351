"""Codes of judges: who can judge, what their verdicts may decide, what they are measured by."""

from __future__ import annotations

from ftdsl.diagnostics.codes.code import Code

_SPEC = """ftspec 1

model mini { provider = openai_compatible  base_url = "http://127.0.0.1:8080/v1"  name = "mini" }
model tuned { provider = local  path = "models/tuned.gguf" }

eval golden {
  schema = chat
  source = jsonl("data/golden.jsonl")
  score exact = exact_match(output, reply.text)
  score tone = SCORE
}

gate release {
  from = tuned
  eval = golden
  require tone.mean >= 80%
}
"""
_CALIBRATED = 'judge("prompts/tone.md", by: mini, labels: "prompts/tone.jsonl")'


def _spec(score: str) -> str:
    return _SPEC.replace("SCORE", score)


CODES: tuple[Code, ...] = (
    Code(
        "FT570",
        "uncalibrated-judge",
        "a gate or a selection decides on a judge that nobody has measured",
        "A judge errs, and how often is unknown until people have judged some answers too. With "
        "their verdicts (`labels`) the mean is corrected for the judge's errors, and its interval "
        "holds what is not known of them. Scores without labels are shown, and decide nothing.",
        _spec('judge("prompts/tone.md", by: mini)'),
        _spec(_CALIBRATED),
    ),
    Code(
        "FT571",
        "mixed-judge",
        "a gate decides on a score in which a judge's verdict is mixed with something else",
        "The verdicts of people are of the judge alone, so that only a score that is the judge's "
        "verdict can be corrected by them. Weigh scores in the requirement, where each has an "
        "interval of its own.",
        _spec(f"weighted(exact_match(output, reply.text), {_CALIBRATED}, weights: [1, 1])"),
        _spec(_CALIBRATED).replace("tone.mean >=", "0.5 * tone.mean + 0.5 * exact.mean >="),
    ),
    Code(
        "FT572",
        "recorded-judge",
        "a model of recorded outputs is asked to judge",
        "A judge is asked about answers that nobody has seen before, so that nothing recorded can "
        "answer. Verdicts that were given once are kept and not asked for again, whatever the "
        "provider.",
        "ftspec 1\n\n"
        'model old { provider = replay  outputs = jsonl("old.jsonl", id: "id", output: "text") }\n'
        "\neval golden {\n  schema = chat\n"
        '  source = jsonl("data/golden.jsonl")\n'
        '  score tone = judge("prompts/tone.md", by: old)\n}\n',
        "ftspec 1\n\n"
        'model mini { provider = local  path = "models/mini.gguf" }\n'
        "\neval golden {\n  schema = chat\n"
        '  source = jsonl("data/golden.jsonl")\n'
        '  score tone = judge("prompts/tone.md", by: mini)\n}\n',
    ),
    Code(
        "FT573",
        "unusable-labels",
        "the verdicts of people that measure a judge cannot be read",
        "Each line is a JSON object with `prompt`, `output` and `verdict`, and `rival` for a "
        "comparison: the verdict is true or false, a grade of the scale, or `win`, `loss` or "
        "`tie`. `reference` and `canary` are optional; other fields are not read.",
        'echo \'{"prompt": "Hi", "output": "Hello!", "verdict": "good"}\' > prompts/tone.jsonl\n'
        "ftdsl eval specs/support.ftspec golden",
        'echo \'{"prompt": "Hi", "output": "Hello!", "verdict": true}\' > prompts/tone.jsonl\n'
        "ftdsl eval specs/support.ftspec golden",
        "run",
    ),
)
