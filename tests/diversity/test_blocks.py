"""Coverage in blocks elsewhere comes to what it comes to in one process: maps and meanings too."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from ftdsl.diversity.step import run_coverage
from ftdsl.engine.context import Policy
from ftdsl.engine.engines import Engines
from ftdsl.engine.local import LocalEngine
from ftdsl.language.program import CoverageDef, GroupDef
from ftdsl.plan.steps import CoverageStep
from tests.dedup.stage import call, chat, context, dataset, field, write
from tests.diversity.test_coverage import cluster, compare, edges
from tests.diversity.test_groups import meaning
from tests.diversity.test_near_conflicts import conflicts


class Elsewhere(LocalEngine):
    """This process, with the blocks and shards of a cluster."""

    distributed = True
    width = 2


def test_blocks_change_nothing(tmp_path: Path) -> None:
    for number in range(3):
        texts = [f"word{i % 7} and thing{i % 3} {number} " * (1 + i % 4) for i in range(12)]
        texts.append(f"a question that is asked again and again in this file and others {number}")
        rows = [chat(text, f"reply {i % 2 + number}") for i, text in enumerate(texts)]
        write(tmp_path, rows, f"rows-{number}.jsonl")
    words = call("words", field("prompt"), kind="int")
    crossed = call("cross", edges(words, 8, 16), cluster(2))
    groups = tuple(GroupDef(key, ()) for key in (cluster(3), meaning(2), crossed))
    expect = compare(conflicts(field("reply.text"), 0.5), "==", 0)
    step = CoverageStep(
        id="coverage.support",
        name="support",
        dataset=dataset(pattern="rows-*.jsonl"),
        coverage=CoverageDef("support", groups, (expect,)),
    )
    here = run_coverage(step, context(tmp_path, step.id))
    engines = Engines()
    engines.have("ray", Elsewhere())
    made = replace(context(tmp_path, "elsewhere"), policy=Policy(engine="ray"), engines=engines)
    assert run_coverage(step, made) == here
    assert here.groups[0].map is not None and here.outcomes[0].verdict == "fail"
