"""Eval and gate steps for tests, written by hand over real files."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from ftdsl.language.program import (
    DatasetDef,
    EvalDef,
    Expr,
    FieldDef,
    ModelDef,
    SchemaDef,
    ScoreDef,
    SliceDef,
    SourceDef,
    TrainDef,
    Type,
    Value,
)
from ftdsl.plan.steps import EvalStep

TEXT, FLOAT, BOOL = Type("text"), Type("float"), Type("bool")
TICKET = SchemaDef(
    "ticket", "chat", (FieldDef("id", TEXT), FieldDef("topic", Type("text", optional=True)))
)
CASES = "cases.jsonl"


def name(value: str) -> Expr:
    return Expr("field", TEXT, value=value, source=value)


def literal(value: str | int | float) -> Expr:
    kind = {str: "text", int: "int", float: "float"}[type(value)]
    return Expr("literal", Type(kind), value=value, source=str(value))


def scorer(scorer_name: str, *more: Expr, of: Expr | None = None) -> Expr:
    result = BOOL if scorer_name.endswith("match") else FLOAT
    return Expr("call", result, (of or name("output"), *more), scorer_name)


def score(called: str, scorer_name: str, *more: Expr) -> ScoreDef:
    return ScoreDef(called, scorer_name, scorer(scorer_name, *(more or (name("reply.text"),))))


EXACT = score("exact", "exact_match")


def write_cases(root: Path, cases: Sequence[tuple[str, str]], topics: Sequence[str] = ()) -> None:
    """``cases.jsonl`` with (question, answer) pairs, ids c0, c1, …"""
    lines = []
    for number, (question, answer) in enumerate(cases):
        turns = [("user", question), ("assistant", answer)]
        row: dict[str, object] = {
            "id": f"c{number}",
            "messages": [{"role": role, "content": text} for role, text in turns],
        }
        if topics:
            row["topic"] = topics[number % len(topics)]
        lines.append(json.dumps(row))
    (root / CASES).write_text("\n".join(lines) + "\n")


def eval_def(
    *scores: ScoreDef,
    slices: tuple[SliceDef, ...] = (),
    **settings: Value,
) -> EvalDef:
    return EvalDef(
        "golden",
        TICKET,
        (SourceDef("jsonl", CASES),),
        scores or (EXACT,),
        id="id",
        slices=slices,
        settings=tuple(sorted(settings.items())),
    )


def eval_step(
    model: ModelDef | None,
    eval_: EvalDef | None = None,
    train: TrainDef | None = None,
    base_model: ModelDef | None = None,
) -> EvalStep:
    eval_ = eval_ or eval_def()
    cases = DatasetDef(eval_.name, eval_.schema, eval_.sources, id=eval_.id)
    who = model.name if model is not None else train.name if train is not None else ""
    return EvalStep(
        id=f"eval.{eval_.name}.{who}",
        name=eval_.name,
        eval=eval_,
        cases=cases,
        model=model,
        train=train,
        base_model=base_model,
    )


def replay(root: Path, called: str, outputs: dict[str, str]) -> ModelDef:
    """A model whose outputs by case id are recorded in ``<called>.jsonl``."""
    lines = [json.dumps({"id": key, "output": text}) for key, text in outputs.items()]
    (root / f"{called}.jsonl").write_text("\n".join(lines) + "\n")
    return ModelDef(called, "replay", (), SourceDef("jsonl", f"{called}.jsonl"))


def local(path: str = "tiny.gguf", **settings: Value) -> ModelDef:
    found = {"path": path, "context": 256, "max_tokens": 8} | settings
    return ModelDef("tiny", "local", tuple(sorted(found.items())))


def train(called: str = "tuned") -> TrainDef:
    return TrainDef(called, ("support", None), None, "tiny", "trl", ())
