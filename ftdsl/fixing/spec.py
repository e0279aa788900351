"""What fixes make of a spec, in a copy of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from ftdsl.fixing import templates, waivers
from ftdsl.fixing.diff import Pair
from ftdsl.language.program import Program, WaiverDef
from ftdsl.language.source import Source


@dataclass(frozen=True, slots=True)
class SpecEdits:
    """Waivers that go, and the datasets whose dedup leaves a template out."""

    idle: tuple[WaiverDef, ...] = ()
    shares: Mapping[str, str] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.idle or self.shares)

    def applied(self, program: Program) -> Program:
        """The program of the edited spec."""
        dedups = tuple(
            replace(one, ignore_shared=templates.ratio(self.shares[one.dataset]))
            if one.dataset in self.shares
            else one
            for one in program.dedups
        )
        kept = tuple(one for one in program.waivers if one not in self.idle)
        return replace(program, waivers=kept, dedups=dedups)

    def lines(self, program: Program, source: Source) -> list[Pair]:
        """The lines of the spec and what takes their place."""
        pairs = waivers.without(source, self.idle)
        return templates.with_shares(source, pairs, program.dedups, self.shares)

    def counts(self) -> dict[tuple[str, str], int]:
        """How often each fix was applied, by the code that it mends."""
        made = {
            ("FT352", waivers.FIX): len(self.idle),
            ("FT415", templates.FIX): len(self.shares),
        }
        return {fix: count for fix, count in made.items() if count}
