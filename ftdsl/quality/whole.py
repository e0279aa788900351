"""The whole dataset: what the answers about its parts, taken in order, come to together."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson

from ftdsl.data.rows import DataFile, Part
from ftdsl.language.program import RuleDef
from ftdsl.language.remedies import fix_name, fixes_for
from ftdsl.quality.across.aggregates import Quantile
from ftdsl.quality.examination import Examination
from ftdsl.quality.gathering import ROWS
from ftdsl.quality.rules import RowRule
from ftdsl.quality.tally import Json, Tally

ARTIFACT = "findings.jsonl"

_Keyed = tuple[int, str, Json]
"""A finding with its line and the rule or code that it counts for."""


class Whole:
    """Open with ``with``; every finding is written to ``findings.jsonl`` in ``work``."""

    def __init__(self, examination: Examination, work: Path) -> None:
        self.examination = examination
        self.tally = Tally(len(examination.rules), len(examination.step.waivers))
        self.statements = examination.statements()
        self.sizes = {name: Quantile() for name in examination.sized}
        self._ended: DataFile | None = None
        self._file = (work / ARTIFACT).open("wb")

    def __enter__(self) -> Whole:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            self._file.flush()
            os.fsync(self._file.fileno())
        self._file.close()

    def is_over(self, part: Part) -> bool:
        """Whether an earlier part showed that this part's file is no file of rows."""
        return part.file == self._ended

    def take(self, part: Part, answers: Mapping[int, bytes]) -> None:
        """The answers about ``part``, or about its next rows."""
        loaded = {index: orjson.loads(answer) for index, answer in answers.items()}
        found = self._rows(part, loaded[ROWS])
        for index, rule in self.examination.row_rules.items():
            found += self._rule(part, index, rule.rule, loaded[index])
        for index, statement in self.statements.items():
            statement.merge(loaded[index])
        self._write(found)

    def _rows(self, part: Part, answer: Json) -> list[_Keyed]:
        path, above = part.file.path, part.first_line - 1
        self.tally.count_rows(*answer["counts"])
        self.tally.count_splits(answer["splits"])
        for name, (line, count) in answer["unknown"].items():
            self.tally.note_unknown(name, path, above + line, count)
        for name, kind, line, count in answer["kinds"]:
            self.tally.note_kind(name, kind, path, above + line, count)
        if answer["first"] is not None:
            self.tally.first.setdefault(path, above + answer["first"])
        for name, dumped in answer["sizes"].items():
            self.sizes[name].merge(dumped)
        if answer["ends"]:
            self._ended = part.file
        return [self._of_fault(part, fault) for fault in answer["faults"]]

    def _of_fault(self, part: Part, fault: list[Any]) -> _Keyed:
        line, offset, code, message, severity, column, excerpt, help = fault
        self.tally.count_code(code)
        finding = {
            "code": code,
            "message": message,
            "severity": severity,
            "dataset": self.examination.name,
            "path": part.file.path,
            "line": None if line is None else line + part.first_line - 1,
            "column": column,
            "offset": None if offset is None else offset + part.start,
            "excerpt": excerpt,
            "help": help,
            "fix": fix_name(fixes_for(code)),
        }
        return finding["line"] or 0, code, finding

    def _rule(self, part: Part, index: int, rule: RuleDef, answer: Json) -> list[_Keyed]:
        self.tally.count_rule(index, answer["counts"])
        for k, ids in zip(self.examination.waived_by[index], answer["waived"], strict=True):
            self.tally.waived[k].update(ids)
        if not answer["failing"]:
            return []
        asked = self.examination.row_rules[index]
        only_warns = rule.fail is None and rule.warn is not None
        common = {
            "code": "FT350",
            "message": asked.message,
            "severity": "warning" if only_warns else "error",
            "rule": rule.name,
            "dataset": self.examination.name,
            "path": part.file.path,
            "fix": asked.fix,
        }
        return [
            (line + part.first_line - 1, rule.name, common | _of_row(part, line, asked, told))
            for line, *told in answer["failing"]
        ]

    def _write(self, found: list[_Keyed]) -> None:
        """Keep findings in the order of the rows, so that it shows nowhere how files were cut."""
        found.sort(key=lambda keyed: keyed[0])
        for _, key, finding in found:
            self.tally.show(key, finding)
            self._file.write(orjson.dumps(finding, option=orjson.OPT_APPEND_NEWLINE))
        self.tally.findings += len(found)


def _of_row(part: Part, line: int, rule: RowRule, told: list[Any]) -> Json:
    """What is the row's own of a finding, from an entry of an answer's ``failing``."""
    offset, row_id, row_digest, values, help, excerpt, turn, role, highlight = told
    return {
        "line": line + part.first_line - 1,
        "offset": offset + part.start,
        "row_id": row_id,
        "row_digest": row_digest,
        "values": rule.evidence(values),
        "help": help,
        "excerpt": excerpt,
        "turn": turn,
        "role": role,
        "highlight": highlight,
    }
