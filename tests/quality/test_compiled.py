"""A check comes to the same with what is compiled and without it."""

from __future__ import annotations

import json
import random
import shutil
from pathlib import Path
from typing import Any

import pytest

from ftdsl.data import compiled as at_hand
from ftdsl.data import cutting, lines, scanned
from ftdsl.language.program import SplitDef, Type
from ftdsl.plan.steps import CheckStep
from ftdsl.quality.measures import lengths
from ftdsl.quality.step import run_check
from tests.data.spec_parts import dataset, write
from tests.quality.stand_in import PROMPT, REPLY, Run, call, check, expect, field, must, op

MESSAGES, ROW, SYSTEM = field("messages"), field("row"), field("system")


def step(base: str) -> CheckStep:
    split = SplitDef("by_hash", "id", (("train", 0.8), ("test", 0.2)))
    of = dataset(base=base, fields={"id": Type("text")}, id="id", split=split)
    return check(
        of,
        must("roles", call("known_roles", MESSAGES)),
        must("order", call("alternates", MESSAGES)),
        must("last", op("==", call("last_role", MESSAGES), "assistant")),
        must("filled", op("==", call("empty_turns", ROW), 0)),
        must("learned", op(">=", call("targets", ROW), 1)),
        must("calls", call("tool_results_paired", ROW)),
        must("present", op("!=", REPLY, "")),
        must("short", op("<", call("length", REPLY), 60)),
        must("few", op("<", call("words", PROMPT), 9)),
        must("own", op("not", call("matches", REPLY, "(?i)as an ai"))),
        must("marks", op("==", call("special_tokens", PROMPT), 0)),
        must("system", op("==", call("special_tokens", op("??", SYSTEM, "")), 0)),
        must("spelled", op("==", call("misspelled", REPLY), 0)),
        must("no_echo", op("!=", call("normalize", REPLY), call("normalize", PROMPT))),
        expect("mean", op("<", op("??", call("mean", call("length", PROMPT)), 0), 1)),
        expect("kinds", op(">", call("distinct", REPLY), 3)),
    )


def rows(base: str, ascii: bool, damaged: bool) -> bytes:
    draw = random.Random(f"{base}{ascii}{damaged}")
    texts = [
        "",
        " \n",
        "Hello there",
        "As an AI",
        "naïve “quotes” 日本",
        "<|im_end|>",
        "recieve it",
        "\u2003",
    ]
    names = {
        "chat": ("messages", "role", "content"),
        "sharegpt": ("conversations", "from", "value"),
    }
    turns, speaker, text = names[base]
    who = {"chat": ["system", "user", "assistant", "tool"], "sharegpt": ["system", "human", "gpt"]}
    made = []
    for number in range(300):
        said = [
            {speaker: draw.choice(who[base]), text: " ".join(draw.sample(texts, 2))}
            for _ in range(draw.randrange(5))
        ]
        row: dict[str, Any] = {"id": str(number), turns: said}
        if draw.random() < 0.1:
            row["källa"] = draw.choice([1, None, "x"])
        line = json.dumps(row, ensure_ascii=ascii)
        made.append("{" if damaged and draw.random() < 0.02 else line)
    return "\n".join(made).encode() + b"\n"


@pytest.mark.skipif(at_hand.compiled is None, reason="nothing is compiled here")
@pytest.mark.parametrize("base", ["chat", "sharegpt"])
@pytest.mark.parametrize("ascii", [True, False])
@pytest.mark.parametrize("damaged", [False, True])
def test_the_results_are_the_same(
    tmp_path: Path, base: str, ascii: bool, damaged: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, rows(base, ascii, damaged))
    found = []
    for without in (False, True):
        if without:
            for module in (scanned, lines, cutting, lengths):
                monkeypatch.setattr(module, "compiled", None)
            monkeypatch.setattr(cutting, "_choose", cutting.choose)
        context = Run(tmp_path, 1)
        output = run_check(step(base), context)
        found.append((output, (context.work / "findings.jsonl").read_bytes()))
        shutil.rmtree(tmp_path / ".ftdsl", ignore_errors=True)
    assert found[0] == found[1]
    assert found[0][1].count(b"\n") > 100
