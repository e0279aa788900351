"""Step ``preflight``: what a training's rows come to and what stands in its way, before it runs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date

from ftdsl.diagnostics.diagnostic import Diagnostic
from ftdsl.engine.context import Context
from ftdsl.plan.hosting import is_hosted
from ftdsl.plan.lifecycle import licence_problem, life_of, lifecycle_problems
from ftdsl.plan.steps import PreflightStep, TrainStep
from ftdsl.results.models import Finding
from ftdsl.results.preflight import PreflightCheck, PreflightOutput
from ftdsl.training.checking.base_tokenizer import base_tokenizer
from ftdsl.training.checking.batch import batch_check
from ftdsl.training.checking.findings import row_checks, row_findings
from ftdsl.training.checking.kit import kit_of, stops_shown
from ftdsl.training.checking.leaks import leak_check
from ftdsl.training.checking.masks import Flag, Kit
from ftdsl.training.checking.measuring import Measured, measured
from ftdsl.training.checking.sizes import size_checks
from ftdsl.training.local.base_model import find_place


def run_preflight(step: PreflightStep, context: Context) -> PreflightOutput:
    """Look at all rows of ``step``'s training by its tokenizer, and at the model. Raises
    ``Refused`` (FT500, FT501, FT602, FT603, FT691) and ``Stopped``."""
    train = step.as_training
    if is_hosted(step.train):
        from ftdsl.training.checking.hosted import hosted_preflight

        return hosted_preflight(Answer(train), context)
    place = find_place(train, context)
    tokenizer = base_tokenizer(train, place, context)
    kit = kit_of(train, tokenizer, context)
    several = [one for key in ("data", "validate") if (one := measured(train, key, kit, context))]
    answer = Answer(train)
    answer.rows(several, kit)
    answer.add(*leak_check(train, several, context))
    for check, findings in size_checks(train, several, kit.limit):
        answer.add(check, findings)
    data = several[0].figures(kit.limit)
    check, findings, resolved, rules = batch_check(train, place.path, data)
    answer.add(check, findings)
    licence = licence_problem(train.train, _licence(train, place.licence))
    answer.add(*model_check("licence", [licence] if licence else [], place.licence))
    answer.lifecycle()
    return answer.output(
        base=place.name,
        licence=_licence(train, place.licence),
        limit=kit.limit,
        splits=tuple(one.figures(kit.limit) for one in several),
        digests={"tokenizer": tokenizer.sha256, "kit": kit.digest},
        stops=(stops_shown(kit), tokenizer.source),
        kept=sum(one.kept for one in several),
        resolved=resolved,
        rules=rules,
    )


@dataclass(slots=True)
class Answer:
    """What was found so far about one training."""

    train: TrainStep
    checks: list[PreflightCheck] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)

    def add(self, check: PreflightCheck, findings: list[Finding]) -> None:
        """Take in one check with what it found."""
        self.checks.append(check)
        self.findings.extend(findings)

    def rows(self, several: list[Measured], kit: Kit) -> None:
        """Take in all that was asked of every row."""
        allowed = dict(self.train.train.settings).get("max_untrained")
        share = float(allowed) if isinstance(allowed, int | float) else 0.0
        if sum(one.counts[Flag.UNMARKED] for one in several):
            share = 0.0  # a mask of zeros is no matter of length
        found = list(row_checks(several, {"trained": share}))
        self.checks.extend(found)
        fails = {one.name for one in found if one.verdict == "fail"}
        for name, finding in row_findings(several, kit, stops_shown(kit)):
            weak = finding.severity == "error" and name not in fails
            self.findings.append(
                finding.model_copy(update={"severity": "warning"}) if weak else finding
            )

    def lifecycle(self) -> None:
        """Take in until when the model can be trained and asked."""
        train, base = self.train.train, self.train.base_model
        life = life_of(train, base)
        told = "runs on this machine: no end" if life is None and not is_hosted(train) else ""
        if life is not None and life.shutdown is not None:
            told = f"until {life.shutdown}"
        problems = list(lifecycle_problems(train, base, date.today()))
        self.add(*model_check("lifecycle", problems, told or "nobody states an end"))

    def output(self, **figures: object) -> PreflightOutput:
        """The result; it fails where a check does."""
        life = life_of(self.train.train, self.train.base_model)
        ends = life.shutdown if life is not None else None
        fails = any(one.verdict == "fail" for one in self.checks)
        return PreflightOutput.model_validate(
            {
                "name": self.train.name,
                "target": self.train.train.target,
                "available_until": str(ends) if ends is not None else "",
                "checks": tuple(self.checks),
                "findings": tuple(self.findings),
                "verdict": "fail" if fails else "pass",
                **figures,
            }
        )


def model_check(
    name: str, problems: list[Diagnostic], told: str
) -> tuple[PreflightCheck, list[Finding]]:
    """A check of the model itself, from the diagnostics about it."""
    found = list(_as_findings(name, problems))
    worst = {one.severity for one in found}
    verdict = "fail" if "error" in worst else "warn" if worst else "pass"
    message = found[0].message if found else told
    check = {"name": name, "verdict": verdict, "told": message}
    return PreflightCheck.model_validate(check), found


def _as_findings(name: str, problems: list[Diagnostic]) -> Iterator[Finding]:
    for one in problems:
        notes = "".join(f" ({note})" for note in one.notes)
        yield Finding(
            code=one.code,
            rule=name,
            message=f"{one.message}{notes}",
            severity=one.severity.value,
            help=one.help,
        )


def _licence(step: TrainStep, of_files: str) -> str:
    """The licence that the declared base states, else that of its files."""
    stated = dict(step.base_model.settings).get("license") if step.base_model is not None else None
    return str(stated) if stated else of_files
