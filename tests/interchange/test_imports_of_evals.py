"""Evals of other tools become specs: what is said, what is refused, all of it recorded."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ftdsl.cli.main import main
from ftdsl.diagnostics.render import render_full
from ftdsl.interchange.imported import Imported
from ftdsl.interchange.openai_graders import import_graders
from ftdsl.interchange.promptfoo import import_promptfoo
from ftdsl.language.analyze import analyze

EXAMPLES = Path(__file__).parent / "examples"
FILES = sorted(path for path in EXAMPLES.iterdir() if path.suffix in (".yaml", ".json"))


def imported(path: Path) -> Imported:
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".json":
        return import_graders(text, path.name, "items.jsonl")
    return import_promptfoo(text, path.name, path.parent)


def shown(found: Imported) -> str:
    problems = "".join(render_full(one, found.sources) + "\n" for one in found.problems)
    files = "".join(f"=== {name}\n{text}" for name, text in found.files.items())
    return f"{problems}=== left out: {found.left_out}\n{files}"


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_an_import_is_what_is_recorded(path: Path, record: bool) -> None:
    golden = path.with_suffix(".txt")
    text = shown(imported(path))
    if record:
        golden.write_text(text, encoding="utf-8")
    assert text == golden.read_text(encoding="utf-8")


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_an_imported_spec_is_right(path: Path, tmp_path: Path) -> None:
    found = imported(path)
    (tmp_path / ".ftdsl-root").touch()
    for name, text in found.files.items():
        place = tmp_path / name
        place.parent.mkdir(exist_ok=True)
        place.write_text(text, encoding="utf-8")
    for spec in tmp_path.glob("*.ftspec"):
        seen = analyze(spec, tmp_path)
        assert [one.message for one in seen.diagnostics] == []
        assert seen.program is not None
        for eval_ in seen.program.evals:
            (source,) = eval_.sources
            for line in found.files.get(source.pattern, "").splitlines():
                row = json.loads(line)
                assert {one.name for one in eval_.schema.fields} <= row.keys()


@pytest.mark.code("FT574", "FT575", "FT576", "FT577")
def test_what_is_refused_is_told_with_its_line_and_writes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    words = ["import", "promptfoo", str(EXAMPLES / "refused.yaml"), "--out", "new"]
    assert main(words) == 1
    told = capsys.readouterr().out
    assert "refused.yaml:14:9: error[FT575]: `javascript` cannot be taken over" in told
    assert "refused.yaml:6:5: error[FT576]: the provider `anthropic`" in told
    assert not (tmp_path / "new").exists()
    assert main(["import", "promptfoo", str(EXAMPLES / "weights.yaml"), "--out", "new"]) == 0
    assert "warning[FT577]: `similar`" in capsys.readouterr().out
    assert (tmp_path / "new" / "weights.ftspec").exists()
    assert main(["import", "promptfoo", str(EXAMPLES / "weights.yaml"), "--out", "new"]) == 2
    (tmp_path / "other.yaml").write_text("name: something\n")
    assert main(["import", "promptfoo", "other.yaml"]) == 1
    assert "error[FT574]" in capsys.readouterr().out


def test_partial_writes_what_can_be_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    words = ["import", "openai-grader", str(EXAMPLES / "graders.json"), "--cases", "d/items.jsonl"]
    assert main([*words, "--partial"]) == 1
    assert "left out" in capsys.readouterr().out
    text = (tmp_path / "imported" / "graders.ftspec").read_text()
    assert 'source = jsonl("d/items.jsonl")' in text


def test_the_judge_may_be_named_on_the_command_line(tmp_path: Path) -> None:
    config = 'prompts: ["a"]\ntests: [{assert: [{type: llm-rubric, value: is kind}]}]\n'
    assert import_promptfoo(config, "p.yaml", tmp_path).refused
    found = import_promptfoo(config, "p.yaml", tmp_path, "openai:gpt-4.1-mini")
    assert not found.refused
    assert "judge(" in found.files["p.ftspec"]


@settings(max_examples=150, deadline=None)
@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=80))
def test_no_text_makes_an_import_raise(text: str) -> None:
    for one in (text, f"prompts: [a]\ntests: [{text}]", f"prompts: {text!r}\ntests: []"):
        import_promptfoo(one, "p.yaml", EXAMPLES)
        import_graders(one, "g.json", "items.jsonl")
    import_graders(json.dumps([{"type": text, "name": text}]), "g.json", "items.jsonl")
