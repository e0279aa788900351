"""The codes of rules: each is given where it should be, and only there."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from ftdsl.engine.context import Refused
from ftdsl.language.program import DatasetDef, RuleDef, SplitDef, WaiverDef
from ftdsl.quality.step import run_check
from ftdsl.quality.workers import Workers
from tests.data.spec_parts import dataset, write
from tests.quality.stand_in import INT, REPLY, TEXT, Run, call, check, expect, field, must, op

ROW = b'{"messages": [{"role": "user", "content": "q"}, {"role": "assistant", "content": "%s"}]}\n'
ANSWERED = must("answered", op("!=", REPLY, ""))


def codes(
    root: Path, of: DatasetDef, *rules: RuleDef, waivers: tuple[WaiverDef, ...] = ()
) -> set[str]:
    """The codes of a check of ``of``."""
    return {f.code for f in run_check(check(of, *rules, waivers=waivers), Run(root)).findings}


@pytest.mark.code("FT350")
def test_rule_broken(tmp_path: Path) -> None:
    write(tmp_path, ROW % b"")
    assert codes(tmp_path, dataset(), ANSWERED) == {"FT350"}
    write(tmp_path, ROW % b"a")
    assert codes(tmp_path, dataset(), ANSWERED) == set()


@pytest.mark.code("FT351")
def test_statement_broken(tmp_path: Path) -> None:
    enough = expect("enough", op(">=", call("count", field("rows")), 2))
    write(tmp_path, ROW % b"a")
    assert codes(tmp_path, dataset(), enough) == {"FT351"}
    write(tmp_path, (ROW % b"a") * 2)
    assert codes(tmp_path, dataset(), enough) == set()


@pytest.mark.code("FT352")
def test_idle_waiver(tmp_path: Path) -> None:
    waiver = WaiverDef(("d", "answered"), "why", "2027-01-01")
    write(tmp_path, ROW % b"a")
    assert codes(tmp_path, dataset(), ANSWERED, waivers=(waiver,)) == {"FT352"}
    write(tmp_path, ROW % b"")
    assert codes(tmp_path, dataset(), ANSWERED, waivers=(waiver,)) == set()


@pytest.mark.code("FT354")
def test_no_rows(tmp_path: Path) -> None:
    write(tmp_path, b"")
    assert codes(tmp_path, dataset()) == {"FT354"}


@pytest.mark.code("FT355")
def test_empty_split(tmp_path: Path) -> None:
    split = SplitDef("by_hash", "k", (("train", 0.5), ("test", 0.5)))
    of = dataset(base=None, split=split, fields={"k": INT})
    write(tmp_path, b'{"k": 1}\n')
    assert codes(tmp_path, of) == {"FT355"}
    write(tmp_path, b"".join(b'{"k": %d}\n' % n for n in range(50)))
    assert codes(tmp_path, of) == set()


@pytest.mark.code("FT358")
def test_tokenizer_not_readable(tmp_path: Path) -> None:
    write(tmp_path, b'{"t": "x"}\n')
    of = replace(dataset(base=None, fields={"t": TEXT}), tokenizer="tokenizer.json")
    short = must("short", op("<", call("tokens", field("t")), 3))
    for content in (None, b"{}"):
        if content is not None:
            write(tmp_path, content, "tokenizer.json")
        with pytest.raises(Refused) as caught:
            codes(tmp_path, of, short)
        assert caught.value.diagnostic.code == "FT358"


@pytest.mark.code("FT359")
def test_worker_ended(tmp_path: Path) -> None:
    write(tmp_path, (ROW % b"a") * 10)
    step, context = check(dataset(), ANSWERED), Run(tmp_path)
    from ftdsl.data.rows import Part, resolve_files

    parts = [(Part(file), (0,)) for file in resolve_files(step.dataset, tmp_path)]
    with (
        pytest.raises(Refused) as caught,
        Workers(1, step, context.root, context.work) as workers,
    ):
        for process in workers.processes:
            process.kill()
            process.wait()
        list(workers.answers(iter(parts), context.checkpoint))
    assert caught.value.diagnostic.code == "FT359"
    assert "signal 9" in caught.value.diagnostic.message


@pytest.mark.code("FT348")
def test_template_not_readable(tmp_path: Path) -> None:
    write(tmp_path, ROW % b"a")
    of = replace(dataset(), template="chat_template.jinja")
    rule = must("shown", call("renders", field("row")))
    for text in (None, "{% if %}"):
        if text is not None:
            (tmp_path / "chat_template.jinja").write_text(text)
        with pytest.raises(Refused) as caught:
            run_check(check(of, rule), Run(tmp_path))
        assert caught.value.diagnostic.code == "FT348"
    (tmp_path / "chat_template.jinja").write_text("{{ messages[0]['content'] }}")
    assert codes(tmp_path, of, rule) == set()


def test_without_a_template_nothing_is_rendered(tmp_path: Path) -> None:
    write(tmp_path, ROW % b"a")
    with pytest.raises(Refused) as caught:
        run_check(check(dataset(), must("shown", call("renders", field("row")))), Run(tmp_path))
    assert caught.value.diagnostic.code == "FT347"
