"""Rows that a training both learns from and is watched on."""

from __future__ import annotations

from ftdsl.data.rows import Row, prompt
from ftdsl.engine.context import Context
from ftdsl.plan.steps import TrainStep
from ftdsl.privacy.masking import masked, masked_name
from ftdsl.results.models import Finding, SubValue
from ftdsl.results.preflight import PreflightCheck
from ftdsl.training.checking.measuring import SHOWN, Measured, rows_at, rows_of

_SHOWN = 120


def leak_check(
    step: TrainStep, several: list[Measured], context: Context
) -> tuple[PreflightCheck, list[Finding]]:
    """Whether rows of ``validate`` stand in ``data`` too, width, case and white space aside. A row
    that does in whole is an error; one that only asks the same is a warning."""
    if len(several) < 2:
        check = PreflightCheck(name="leakage", verdict="skipped", told="no validation rows")
        return check, []
    data, validate = several
    whole = [digest for digest in validate.texts if digest in data.texts]
    asked = [digest for digest in validate.prompts if digest in data.prompts]
    if not asked and not whole:
        told = f"{len(validate.lengths):,} rows of `{validate.name}`, none in `{data.name}`"
        return PreflightCheck(name="leakage", verdict="pass", told=told), []
    severity = "error" if whole else "warning"
    kind, digests = ("texts", whole) if whole else ("prompts", asked)
    lines = {getattr(validate, kind)[one]: getattr(data, kind)[one] for one in digests[:SHOWN]}
    shown = rows_at(rows_of(step, "validate", context), kind, set(digests[:SHOWN]))
    told = f"{len(digests):,} rows of `{validate.name}` "
    told += "are" if whole else "ask what is asked"
    told += f" in `{data.name}` too"
    findings = [_finding(row, lines.get(row.line), told, severity, data) for row in shown]
    verdict = {"error": "fail", "warning": "warn"}[severity]
    told_of = {"name": "leakage", "verdict": verdict, "rows": len(digests), "told": told}
    return PreflightCheck.model_validate(told_of), findings


def _finding(row: Row, at: int | None, told: str, severity: str, data: Measured) -> Finding:
    where = f"line {at} of `{data.name}`" if at is not None else f"`{data.name}`"
    same = SubValue(source=where, value=masked(prompt(row), _SHOWN))
    return Finding.model_validate(
        {
            "code": "FT626",
            "rule": "leakage",
            "severity": severity,
            "message": f"a validation row is learned from as well: {told}",
            "path": row.path,
            "line": row.line,
            "offset": row.offset,
            "row_id": masked_name(row.row_id),
            "row_digest": row.digest,
            "values": (same,),
            "help": "split by a field that such rows share, `by_hash(prompt, …)`, or drop them: "
            "`dedup … { drop exact on normalize(prompt) }`",
        }
    )
