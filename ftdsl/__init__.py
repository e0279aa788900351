"""One checked spec for fine-tuning: data, training, evaluation and gates.

    import ftdsl

    analysis = ftdsl.analyze("specs/quickstart.ftspec")   # reads no data
    result = ftdsl.validate("specs/quickstart.ftspec")    # data rules, dedup, coverage
    plan = ftdsl.plan("specs/quickstart.ftspec")          # what would run, why, and what it costs
    result = ftdsl.apply(plan)                            # run it

``import ftdsl`` itself loads nothing else; each name is loaded when it is first used.
"""

from __future__ import annotations

import gc
import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

import ftdsl.plan as _plan_package  # an empty package: costs nothing

if TYPE_CHECKING:
    from ftdsl.api import AnalysisView, PlanView, RunView, analyze, apply, plan, validate

__version__ = "0.1.0"
__all__ = [
    "AnalysisView",
    "PlanView",
    "RunView",
    "__version__",
    "analyze",
    "apply",
    "plan",
    "validate",
]


class _CallablePackage(ModuleType):
    """``ftdsl.plan`` is a package and a public function: importing the one hides the other, since
    Python binds a submodule to its name. So the package itself can be called."""

    def __call__(self, *arguments: Any, **options: Any) -> Any:
        from ftdsl.api import plan as make_plan

        return make_plan(*arguments, **options)


sys.modules[_plan_package.__name__].__class__ = _CallablePackage


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'ftdsl' has no attribute {name!r}")
    # Some hundred modules are loaded, none of which leaves anything to collect.
    was_on = gc.isenabled()
    gc.disable()
    try:
        from ftdsl import api
    finally:
        if was_on:
            gc.enable()
    return getattr(api, name)
