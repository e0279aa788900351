"""A spec that has two models of recorded answers rated, some of them hostile."""

from __future__ import annotations

from typing import Any

SPEC = """ftspec 1

model base { provider = replay  outputs = jsonl("runs/base.jsonl", id: "id", output: "reply") }
model next { provider = replay  outputs = jsonl("runs/next.jsonl", id: "id", output: "reply") }

schema case extends chat { id: text }

eval golden {
  schema = case
  source = jsonl("data/golden.jsonl")
  id = id
  score exact = exact_match(output, reply.text)
}

rate tone {
  compare = [base, next]
  cases = golden
  question = "Which answer would you send?"
  rubric = "rubrics/tone.md"
  gold = "data/gold.jsonl"
  raters >= 2
  require win_rate >= 55% with confidence 95%
}

gate release {
  from = next
  eval = golden
  require tone.win_rate >= 55% with confidence 95%
}
"""

RUBRIC = "Judge as a customer would.\n\n- accuracy: is it right?\n- tone: is it kind?\n"

HOSTILE = (
    "<script>window.struck = 1</script>",
    "</script><script>window.struck = 2</script>",
    "<img src=x onerror='window.struck = 3'><svg onload='window.struck = 4'>",
    "<!-- <script> --><iframe srcdoc='<script>top.struck = 5</script>'></iframe>",
    "\u202etxet desrever\u202c \u0000\u001b[31m \ufeff",
    "[click](javascript:window.struck=6) <a href='javascript:window.struck=7'>x</a>",
    "{{data}} {{js}} ${window.struck=8} `${window.struck=9}`",
    "x" * 600,
    "שלום עולם: זה טקסט בעברית",
    "\u2028window.struck=10\u2029<style>*{display:none}</style>",
)
CASES = 24


def answers() -> dict[str, list[dict[str, Any]]]:
    """The project's JSONL files by name."""
    rows, base, following = [], [], []
    for number in range(CASES):
        asked = f"Question {number}: where is order {number * 7}?"
        told = [{"role": "user", "content": asked}, {"role": "assistant", "content": "Yes."}]
        rows.append({"id": f"c{number}", "messages": told})
        base.append({"id": f"c{number}", "reply": f"I cannot say. ({number})"})
        kind = f"On its way: order {number} arrives tomorrow."
        better = HOSTILE[number] if number < len(HOSTILE) else kind
        following.append({"id": f"c{number}", "reply": better})
    gold = [
        {
            "prompt": f"Hello {n}?",
            "better": f"Hello {n}, how can I help?",
            "worse": f"Go away, {n}.",
        }
        for n in range(3)
    ]
    return {
        "data/golden.jsonl": rows,
        "runs/base.jsonl": base,
        "runs/next.jsonl": following,
        "data/gold.jsonl": gold,
    }
