"""What a step takes: files, calls, tokens, hosts, money. An estimate, and said to be one.

A token is taken to be four bytes of JSON at the expected, six at the least and two at the most. An
unknown price makes the money unknown, which ``apply`` refuses to spend.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from ftdsl.language.judges import argument, judge_calls, judging_models, verdicts_a_case
from ftdsl.language.program import DatasetDef, ModelDef, SchemaDef, SourceDef, Value
from ftdsl.plan.files import Files
from ftdsl.plan.hosting import host_of, hosted_model, is_free_of_charge, is_hosted
from ftdsl.plan.model import Cost, Range
from ftdsl.plan.prices import price_of
from ftdsl.plan.steps import (
    CheckStep,
    CoverageStep,
    DatasetStep,
    DedupStep,
    EvalStep,
    GateStep,
    PendingStep,
    PreflightStep,
    RateStep,
    SelectStep,
    Step,
    SweepStep,
    TrainStep,
)

_BYTES_A_TOKEN = (6.0, 4.0, 2.0)
_DEFAULT_ANSWER = 256
_HEAD = 1 << 16  # bytes of a file that tell how long its conversations are
_USER_TURN = re.compile(rb'"(?:role|from)"\s*:\s*"(?:user|human)"')
_DEFAULT_VERDICT = 512
_AUTO_EPOCHS, _FEWEST_ROWS, _MOST_ROWS = 3, 100, 25_000


def step_cost(step: Step, files: Files) -> Cost:
    """The cost of running ``step`` once."""
    match step:
        case DatasetStep(dataset=dataset) | CheckStep(dataset=dataset):
            return _reading(files, dataset)
        case CoverageStep(dataset=dataset):
            return _reading(files, dataset)
        case DedupStep():
            return _reading(files, step.dataset, *step.against)
        case PreflightStep():
            return _reading(files, *step.datasets)
        case TrainStep(swept=True):
            return Cost()
        case TrainStep():
            return _training(step, files)
        case SweepStep():
            one = total((_training(step.training({}, 0), files), step_cost(step.scoring, files)))
            more = min(step.sweep.finalists, step.combinations) * (step.sweep.seeds - 1)
            return total((one,) * (step.combinations + more))
        case EvalStep():
            return total((_answering(step, files), _judging(step, files)))
        case GateStep() | SelectStep() | RateStep() | PendingStep():
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
    settings = dict(step.train.settings)
    epochs = settings.get("n_epochs")
    hosted = is_hosted(step.train)
    if epochs == "auto" and hosted and reading.rows is not None:
        epochs = auto_epochs(reading.rows)
    tokens = _tokens(reading.bytes, float(epochs)) if isinstance(epochs, int | float) else None
    cost = reading.model_copy(update={"tokens": tokens})
    if not hosted:
        return cost
    model = hosted_model(step.train)
    money = _priced(tokens, settings.get("price_per_1m"), free=is_free_of_charge(model))
    return cost.model_copy(update={"hosts": _hosts(model), "money": money})


def _priced(tokens: Range | None, price: Value, *, free: bool) -> Range | None:
    """Trained tokens at a stated price; a host of this machine is free where none is stated."""
    if not isinstance(price, int | float):
        return Range() if free else None
    if tokens is None:
        return None
    low, expected, worst = (
        each * price / 1e6 for each in (tokens.low, tokens.expected, tokens.worst)
    )
    return Range(low=low, expected=expected, worst=worst)


def auto_epochs(rows: int) -> int:
    """The passes that OpenAI's cookbook (``Chat_finetuning_data_prep``) takes for ``auto``: 3, more
    for few rows and fewer for very many."""
    if rows == 0:
        return _AUTO_EPOCHS
    if rows * _AUTO_EPOCHS < _FEWEST_ROWS:
        return min(25, _FEWEST_ROWS // rows)
    return max(1, _MOST_ROWS // rows) if rows * _AUTO_EPOCHS > _MOST_ROWS else _AUTO_EPOCHS


def _answering(step: EvalStep, files: Files) -> Cost:
    reading = _reading(files, step.cases)
    if step.model is not None and step.model.provider == "replay":
        return reading
    model = step.model
    if step.train is not None and is_hosted(step.train):
        model = hosted_model(step.train)
    cases = reading.rows
    turns = _turns_a_case(step, files)
    requests = None if cases is None else round(cases * _epochs(step) * turns)
    # Turn by turn the conversation is sent again, half of it on the average.
    asked = _tokens(reading.bytes, _epochs(step) * (turns + 1) / 2)
    answered = None
    if requests is not None:
        most = _answer_length(step)
        answered = Range(low=requests, expected=requests * most / 2, worst=requests * most)
    return reading.model_copy(
        update={
            "requests": requests,
            "tokens": _sum_ranges(asked, answered),
            "hosts": _hosts(model),
            "money": Range() if model is None else money_for(model, asked, answered),
        }
    )


def _turns_a_case(step: EvalStep, files: Files) -> float:
    """How many answers a case takes: one, or as many as the first cases have turns of a user."""
    if dict(step.eval.settings).get("history", "recorded") == "recorded":
        return 1.0
    for info in files.of(step.cases).files:
        try:
            with (files.root / info.path).open("rb") as stream:
                head = stream.read(_HEAD)
        except OSError:
            continue
        lines = head.count(b"\n") or 1
        return max(1.0, len(_USER_TURN.findall(head)) / lines)
    return 1.0


def _judging(step: EvalStep, files: Files) -> Cost:
    """What the judges of an eval take. A verdict is asked over the case, the rubric, and an answer
    that is known at most by its length."""
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
        asked = None if cases is None else cases * times
        listed = files.of(step.cases)
        case = listed.size / max(1, listed.lines)
        rubric = _size(files, str(argument(call, "rubric").value))
        for judge in judges:
            share = None if asked is None else asked / len(judges)
            cost = total((cost, _verdicts(step, judge, share, case + rubric)))
        cost = cost.model_copy(update={"requests": _sum(cost.requests, asked)})
    return cost


def _verdicts(step: EvalStep, judge: ModelDef, count: float | None, size: float) -> Cost:
    """Tokens and money of ``count`` verdicts, each over an answer and so many bytes beside it."""
    if count is None:
        free = Range() if _is_free(judge) else None
        return Cost(tokens=None, money=free, hosts=_hosts(judge))
    most, answer = _longest(judge), _answer_length(step)
    read = _tokens(round(size * count))
    answers = Range(low=count, expected=count * answer / 2, worst=count * answer)
    asked = _sum_ranges(read, answers)
    said = Range(low=count, expected=count * most / 4, worst=count * most)
    assert asked is not None, "both parts are known"
    return Cost(
        tokens=_sum_ranges(asked, said),
        money=money_for(judge, asked, said),
        hosts=_hosts(judge),
    )


def _is_free(model: ModelDef) -> bool:
    price = price_of(model)
    return price is not None and price.is_free


def _size(files: Files, name: str) -> int:
    """Bytes of a file of the project; none where it is not there, which the step says."""
    try:
        return (files.root / name).stat().st_size
    except OSError:
        return 0


def _lines(files: Files, dataset: DatasetDef) -> int | None:
    return None if _is_binary(dataset) else files.of(dataset).lines


def _longest(judge: ModelDef) -> int:
    found = dict(judge.settings).get("max_tokens")
    return found if isinstance(found, int) else _DEFAULT_VERDICT


def money_for(model: ModelDef, asked: Range, answered: Range | None) -> Range | None:
    """US dollars for so many tokens to and from ``model``; None where that is not known."""
    price = price_of(model)
    if price is None:
        return None
    if price.is_free:
        return Range()
    if answered is None:
        return None
    return Range(
        low=price.of(asked.low, answered.low),
        expected=price.of(asked.expected, answered.expected),
        worst=price.of(asked.worst, answered.worst),
    )


def _epochs(step: EvalStep) -> int:
    found = dict(step.eval.settings).get("epochs")
    return found if isinstance(found, int) else 1


def _answer_length(step: EvalStep) -> int:
    """The most tokens of one answer."""
    model: dict[str, Value] = dict(step.model.settings) if step.model is not None else {}
    found = dict(step.eval.settings).get("max_tokens", model.get("max_tokens"))
    return found if isinstance(found, int) else _DEFAULT_ANSWER


def _hosts(model: ModelDef | None) -> tuple[str, ...]:
    host = host_of(model) if model is not None else None
    return (host,) if host is not None else ()
