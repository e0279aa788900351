"""Until when models are trained and served, and what licences ask: the dated table."""

from __future__ import annotations

from datetime import date

import pytest

from ftdsl.language.program import ModelDef, TrainDef, Value
from ftdsl.plan.lifecycle import licence_of, licence_problem, life_of, lifecycle_problems


def hosted(model: str, **settings: Value) -> TrainDef:
    values = tuple(sorted({"model": model, "method": "sft", **settings}.items()))
    return TrainDef("small", ("rows", None), None, None, "openai", values)


def local(base: str = "base") -> TrainDef:
    return TrainDef("small", ("rows", None), None, base, "trl", (("method", "sft"),))


@pytest.mark.code("FT628")
@pytest.mark.parametrize(
    ("today", "told"),
    [
        (date(2026, 6, 1), []),
        (date(2026, 11, 25), [("warning", "2027-01-06"), ("warning", "2027-01-14")]),
        (date(2027, 1, 6), [("warning", "2027-01-06"), ("warning", "2027-01-14")]),
        (date(2027, 1, 10), [("error", "2027-01-06"), ("warning", "2027-01-14")]),
        (date(2027, 1, 15), [("error", "2027-01-06"), ("error", "2027-01-14")]),
    ],
)
def test_a_model_that_ends_is_told_in_time(today: date, told: list[tuple[str, str]]) -> None:
    found = list(lifecycle_problems(hosted("gpt-4.1-mini-2025-04-14"), None, today))
    assert [one.code for one in found] == ["FT628"] * len(told)
    assert [(one.severity, one.message[-10:]) for one in found] == told
    assert all("https://" in one.notes[0] for one in found)


def test_only_that_host_ends_it() -> None:
    there = hosted("gpt-4.1-mini-2025-04-14", base_url="http://127.0.0.1:8123/v1")
    assert life_of(there, None) is None
    assert life_of(hosted("gpt-nobody-knows"), None) is None


def test_a_declared_end_counts_for_a_local_base() -> None:
    base = ModelDef("base", "local", (("available_until", "2027-03-01"),))
    found = list(lifecycle_problems(local(), base, date(2027, 4, 1)))
    assert [(one.code, one.severity) for one in found] == [("FT628", "error")]
    assert list(lifecycle_problems(local(), None, date(2027, 4, 1))) == []


@pytest.mark.code("FT629")
@pytest.mark.parametrize(
    ("name", "asks"),
    [
        ("apache-2.0", None),
        ("Gemma Terms of Use (https://ai.google.dev/gemma/terms)", None),
        ("a licence of one's own", None),
        ("not stated", "nobody states"),
        ("cc-by-nc-4.0", "no commercial end"),
        ("CC-BY-NC-SA-4.0", "no commercial end"),
    ],
)
def test_licences(name: str, asks: str | None) -> None:
    found = licence_problem(local(), name)
    if asks is None:
        assert found is None
    else:
        assert found is not None
        assert asks in found.message
        assert found.severity == "warning"


def test_what_the_usual_licences_ask_is_known() -> None:
    llama = licence_of("llama3.1")
    assert llama is not None
    assert "Llama" in llama.asks
    assert licence_of("nothing of the kind") is None
