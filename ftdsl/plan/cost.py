"""What a step takes: files, calls, tokens, hosts, money. An estimate, and said to be one.

A token is taken to be four bytes of JSON at the expected, six at the least and two at the most.
Nobody's price list is built in: what runs on this machine, or is stated to be on the premises,
costs nothing, and any other price is unknown, which ``apply`` refuses to spend.
"""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import urlsplit

from ftdsl.language.judges import argument, judge_calls, judging_models, verdicts_a_case
from ftdsl.language.program import DatasetDef, ModelDef, SchemaDef, SourceDef, Value
from ftdsl.plan.files import Files
from ftdsl.plan.model import Cost, Range
from ftdsl.plan.steps import (
    CheckStep,
    CoverageStep,
    DatasetStep,
    DedupStep,
    EvalStep,
    GateStep,
    PendingStep,
    Step,
    TrainStep,
)

_BYTES_A_TOKEN = (6.0, 4.0, 2.0)
_DEFAULT_ANSWER = 256
_DEFAULT_VERDICT = 512
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
_OPENAI = "api.openai.com"


def step_cost(step: Step, files: Files) -> Cost:
    """The cost of running ``step`` once."""
    match step:
        case DatasetStep(dataset=dataset) | CheckStep(dataset=dataset):
            return _reading(files, dataset)
        case CoverageStep(dataset=dataset):
            return _reading(files, dataset)
        case DedupStep():
            return _reading(files, step.dataset, *step.against)
        case TrainStep():
            return _training(step, files)
        case EvalStep():
            return total((_answering(step, files), _judging(step, files)))
        case GateStep() | PendingStep():
            return Cost()


def total(costs: Iterable[Cost]) -> Cost:
    """The sum; what is unknown in one part is unknown in the whole."""
    result = Cost()
    for cost in costs:
        result = Cost(
            files=result.files + cost.files,
            bytes=result.bytes + cost.bytes,
            rows=_sum(result.rows, cost.rows),
            requests=_sum(result.requests, cost.requests),
            tokens=_sum_ranges(result.tokens, cost.tokens),
            money=_sum_ranges(result.money, cost.money),
            hosts=tuple(sorted({*result.hosts, *cost.hosts})),
        )
    return result


def _sum(a: int | None, b: int | None) -> int | None:
    return None if a is None or b is None else a + b


def _sum_ranges(a: Range | None, b: Range | None) -> Range | None:
    if a is None or b is None:
        return None
    return Range(low=a.low + b.low, expected=a.expected + b.expected, worst=a.worst + b.worst)


def _reading(files: Files, *datasets: DatasetDef) -> Cost:
    listed = [files.of(dataset) for dataset in datasets]
    return Cost(
        files=sum(len(found.files) for found in listed),
        bytes=sum(found.size for found in listed),
        rows=None if any(_is_binary(d) for d in datasets) else sum(f.lines for f in listed),
    )


def _is_binary(dataset: DatasetDef) -> bool:
    """Lines say nothing about the rows of these formats."""
    pairs = dataset.split.sources if dataset.split else ()
    sources = (*dataset.sources, *(source for _, source in pairs))
    return any(source.format in ("json", "parquet") for source in sources)


def _tokens(size: int, times: float = 1.0) -> Range:
    low, expected, worst = (round(size / each * times) for each in _BYTES_A_TOKEN)
    return Range(low=low, expected=expected, worst=worst)


def _training(step: TrainStep, files: Files) -> Cost:
    reading = _reading(files, *step.datasets)
    epochs = dict(step.train.settings).get("n_epochs")
    tokens = _tokens(reading.bytes, float(epochs)) if isinstance(epochs, int | float) else None
    return reading.model_copy(update={"tokens": tokens})


def _answering(step: EvalStep, files: Files) -> Cost:
    reading = _reading(files, step.cases)
    if step.model is not None and step.model.provider == "replay":
        return reading
    asked, cases = _tokens(reading.bytes), reading.rows
    most = _answer_length(step)
    tokens = None
    if cases is not None:
        tokens = Range(
            low=asked.low + cases,
            expected=asked.expected + cases * most / 2,
            worst=asked.worst + cases * most,
        )
    hosts = _hosts(step.model)
    money = None if step.model is not None and is_price_unknown(step.model) else Range()
    return reading.model_copy(
        update={"requests": cases, "tokens": tokens, "hosts": hosts, "money": money}
    )


def _judging(step: EvalStep, files: Files) -> Cost:
    """What the judges of an eval take. Their rubric and the answers are not counted in tokens:
    neither is known before."""
    cost = Cost()
    for call in (one for score in step.eval.scores for one in judge_calls(score.value)):
        cases = _lines(files, step.cases)
        labels = str(argument(call, "labels").value)
        if labels:
            source = SourceDef("jsonl", labels)
            cases = _sum(cases, _lines(files, DatasetDef(labels, SchemaDef("", None), (source,))))
        epochs = dict(step.eval.settings).get("epochs")
        times = verdicts_a_case(call) * (epochs if isinstance(epochs, int) else 1)
        judges = [one for one in step.judges if one.name in judging_models(call)]
        known = not any(map(is_price_unknown, judges))
        asked = None if cases is None else cases * times
        most = sum(_longest(one) for one in judges) / len(judges)
        tokens = None
        if asked is not None:
            tokens = Range(low=asked, expected=asked * most / 4, worst=asked * most)
        money = Range() if known else None
        hosts = tuple(host for one in judges for host in _hosts(one))
        cost = total((cost, Cost(requests=asked, tokens=tokens, money=money, hosts=hosts)))
    return cost


def _lines(files: Files, dataset: DatasetDef) -> int | None:
    return None if _is_binary(dataset) else files.of(dataset).lines


def _longest(judge: ModelDef) -> int:
    found = dict(judge.settings).get("max_tokens")
    return found if isinstance(found, int) else _DEFAULT_VERDICT


def _answer_length(step: EvalStep) -> int:
    """The most tokens of one answer."""
    model: dict[str, Value] = dict(step.model.settings) if step.model is not None else {}
    found = dict(step.eval.settings).get("max_tokens", model.get("max_tokens"))
    return found if isinstance(found, int) else _DEFAULT_ANSWER


def _hosts(model: ModelDef | None) -> tuple[str, ...]:
    host = host_of(model) if model is not None else None
    return (host,) if host is not None else ()


def host_of(model: ModelDef) -> str | None:
    """The host that a declared model is called at; None for local and recorded ones."""
    if model.provider not in ("openai", "openai_compatible"):
        return None
    base_url = dict(model.settings).get("base_url")
    if isinstance(base_url, str):
        return urlsplit(base_url).hostname
    return _OPENAI if model.provider == "openai" else None


def is_price_unknown(model: ModelDef) -> bool:
    """True for a model that is neither on this machine nor stated to be on the premises."""
    host = host_of(model)
    on_premises = dict(model.settings).get("privacy") == "on_premises"
    return host is not None and host not in _LOOPBACK and not on_premises
