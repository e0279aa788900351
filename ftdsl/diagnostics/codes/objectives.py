"""Codes of training objectives, adapters and sweeps."""

from __future__ import annotations

from ftdsl.diagnostics.codes.code import Code
from ftdsl.diagnostics.codes.spec_examples import marked, train

_TRAIN = "ftdsl train specs/quickstart.ftspec tool_caller"
_SWEEP = (
    "echo 'sweep tool_caller {{ over = grid({})  best = max(calls.right_tool.mean) }}' "
    ">> specs/quickstart.ftspec\nftdsl run specs/quickstart.ftspec --only sweep.tool_caller"
)
_OVER_CHAT = """base = local
data = support.train
validate = support.holdout
target trl {{ method = {}  adapter = lora() }}"""

_SWEPT = """base = local
data = support.train
validate = support.holdout
target trl {{ method = sft  adapter = lora() }}
}}

eval golden {{
  schema = chat
  source = jsonl("data/golden.jsonl")
  score exact = exact_match(output, reply.text)
}}

eval hard {{
  schema = chat
  source = jsonl("data/hard.jsonl")
  score exact = exact_match(output, reply.text)
}}

sweep tuned {{
  over = grid(learning_rate: [1e-4, 2e-4])
  best = {}"""

CODES: tuple[Code, ...] = (
    Code(
        "FT654",
        "rows-of-another-objective",
        "the rows are not those that the training objective learns from",
        "`dpo` and `orpo` learn from pairs of answers (schemas that extend `preference`), `kto` "
        "from answers that are marked good or bad (`kto`), `sft` from answers. What is marked bad "
        "would be learned like any other answer by `sft`, so that it takes no `kto` rows.",
        train(_OVER_CHAT.format("dpo")),
        train(_OVER_CHAT.format("sft")),
    ),
    Code(
        "FT655",
        "no-quantizer",
        "a base of 4 bits cannot be trained over here",
        "`adapter = qlora(…)` holds the base in 4 bits by the library bitsandbytes. Where it is "
        "not installed, or has nothing for this machine, nothing is trained: plain LoRA would "
        "take several times the memory, and give other figures under the same spec.",
        f"sed -i 's/adapter = lora/adapter = qlora/' specs/quickstart.ftspec\n{_TRAIN}",
        f"pip install 'ftdsl[qlora]'\n{_TRAIN}",
        "run",
    ),
    Code(
        "FT656",
        "lonely-batch",
        "KTO needs more than one row a batch",
        "KTO measures each answer against a reference point, which it estimates from answers to "
        "other prompts of the same batch. With one row a batch there are none.",
        marked("method = kto  adapter = lora()  batch_size = 1"),
        marked("method = kto  adapter = lora()  batch_size = 2"),
    ),
    Code(
        "FT657",
        "no-such-sweep",
        "the sweep is of something that cannot be swept",
        "A sweep ranks trainings of `target trl` by the measures of one eval. A hosted job is "
        "paid by the attempt, and has its own search where its host offers one.",
        train(_SWEPT.format("max(golden.exact.mean + hard.exact.mean)")),
        train(_SWEPT.format("max(golden.exact.mean)")),
    ),
    Code(
        "FT658",
        "no-trial-ended",
        "no trial of a sweep came to an end",
        "Every combination of settings failed or was ended on the way, so that there is nothing "
        "to choose from. The note says what became of the last one. A time budget that is over "
        "before the first trial ends gives the same.",
        _SWEEP.format("max_length: [8]"),
        "git checkout -- specs/quickstart.ftspec\n" + _SWEEP.format("learning_rate: [1e-3]"),
        "run",
    ),
)
