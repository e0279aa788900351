"""Typed programs for tests, written by hand: real files on disk, no parser in between."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

from ftdsl.language.program import (
    CheckDef,
    DatasetDef,
    EvalDef,
    Expr,
    ExternDef,
    GateDef,
    ModelDef,
    Program,
    RequireDef,
    RuleDef,
    SchemaDef,
    ScoreDef,
    SourceDef,
    SplitDef,
    TrainDef,
    Type,
)

CHAT = SchemaDef("chat", "chat")
TEXT, INT, BOOL, FLOAT = Type("text"), Type("int"), Type("bool"), Type("float")


def literal(value: str | int | float | bool) -> Expr:
    names = {str: "text", int: "int", float: "float", bool: "bool"}
    return Expr("literal", Type(names[type(value)]), value=value, source=str(value))


def row_field(name: str) -> Expr:
    return Expr("field", TEXT, value=name, source=name)


def words_at_most(limit: int) -> Expr:
    words = Expr("call", INT, (row_field("reply.text"),), "words", "words(reply.text)")
    return Expr("<=", BOOL, (words, literal(limit)), source=f"words(reply.text) <= {limit}")


def measure(name: str, op: str, bound: float) -> Expr:
    read = Expr("measure", FLOAT, value=name, source=name)
    return Expr(op, BOOL, (read, literal(bound)), source=f"{name} {op} {bound}")


def rule(name: str, limit: int) -> RuleDef:
    return RuleDef(name, "row", must=words_at_most(limit), fail=measure("failing_rows", ">", 0))


def dataset(name: str = "support", pattern: str = "data/*.jsonl") -> DatasetDef:
    return DatasetDef(
        name,
        CHAT,
        (SourceDef("jsonl", pattern),),
        split=SplitDef("by_hash", "prompt", (("train", 0.8), ("holdout", 0.2)), 7),
    )


def program(*, words: int = 50, learning_rate: float = 2e-4, target: str = "trl") -> Program:
    """A dataset with a check, an eval of its own file, a replayed model, a train and a gate."""
    return Program(
        "specs/support.ftspec",
        1,
        datasets=(dataset(),),
        checks=(CheckDef("support", (rule("short", words),)),),
        models=(ModelDef("old", "replay", outputs=SourceDef("jsonl", "data/old.txt")),),
        evals=(
            EvalDef(
                "golden",
                CHAT,
                (SourceDef("jsonl", "golden/cases.jsonl"),),
                (ScoreDef("exact", "exact_match", row_field("reply.text")),),
            ),
        ),
        trains=(
            TrainDef(
                "lora",
                ("support", "train"),
                ("support", "holdout"),
                "base-model",
                target,
                (("learning_rate", learning_rate), ("n_epochs", 1)),
            ),
        ),
        gates=(
            GateDef(
                "release",
                ("lora",),
                "golden",
                (RequireDef(measure("exact.mean", ">=", 0.5)),),
                "old",
            ),
        ),
    )


def with_extern_rule() -> Program:
    """Its rows are held to a rule that calls Python, which no step can run, so nothing is trained
    from them."""
    toxic = Expr("call", FLOAT, (row_field("reply.text"),), "toxicity")
    mild = RuleDef("mild", "row", must=Expr("<=", BOOL, (toxic, literal(0.5))))
    found = program()
    [check] = found.checks
    return replace(
        found,
        externs=(ExternDef("toxicity", (), FLOAT, "checks.toxicity", "score"),),
        checks=(replace(check, rules=(*check.rules, mild)),),
    )


def without_training(found: Program) -> Program:
    return replace(found, trains=(), gates=())


def chat_row(prompt: str, reply: str) -> str:
    turns = [{"role": "user", "content": prompt}, {"role": "assistant", "content": reply}]
    return json.dumps({"messages": turns})


def write_project(root: Path, rows: int = 20) -> Path:
    """The files that ``program`` names, under ``root``."""
    for folder in ("data", "golden", "specs"):
        (root / folder).mkdir(parents=True, exist_ok=True)
    lines = "".join(chat_row(f"question {i}", f"answer {i}") + "\n" for i in range(rows))
    (root / "data" / "a.jsonl").write_text(lines)
    (root / "data" / "old.txt").write_text('{"id": "0", "output": "answer 0"}\n')
    (root / "golden" / "cases.jsonl").write_text(chat_row("question 0", "answer 0") + "\n")
    (root / "specs" / "support.ftspec").write_text("ftspec 1\n")
    return root
