"""Everything that decides a step's outcome, by name, and the content key made of exactly that.

Because each part has a name (``file data/x.jsonl``, ``rule spelled``, ``setting learning_rate``), a
plan can say in words why a step would run again. A check is keyed by its rules, and training is not
keyed by the check: a changed rule re-checks the data and retrains nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

from ftdsl.language import catalog
from ftdsl.language.catalog.entry import FunctionEntry
from ftdsl.language.program import DatasetDef, Expr, ModelDef, SchemaDef, SourceDef, Value
from ftdsl.plan.canonical import digest, shown
from ftdsl.plan.files import Files
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

#: Raised when the code of a step gives another meaning to the same definition.
CODE_VERSIONS: dict[str, int] = {
    "dataset": 1,
    "check": 3,
    "dedup": 6,
    "coverage": 4,
    "preflight": 1,
    "sweep": 1,
    "train": 2,
    "eval": 6,
    "gate": 4,
    "select": 1,
    "rate": 1,
    "pending": 1,
}

#: Settings of a model that say how it is called, and cannot change what it answers.
_HOW_NOT_WHAT = frozenset(
    {
        "budget",
        "budget_requests",
        "budget_tokens",
        "available_until",
        "concurrency",
        "license",
        "privacy",
        "region",
        "requests_per_minute",
        "size",
        "timeout",
        "tokens_per_minute",
    }
)

#: Settings of a training that say what may be spent, how long it takes or what is checked before
#: it, and cannot change what it learns.
_BESIDE = frozenset(
    {
        "budget",
        "input_per_1m",
        "max_cut",
        "max_untrained",
        "output_per_1m",
        "price_per_1m",
        "serving_template",
        "tokens_per_second",
    }
)

#: Settings of a training that its preflight looks at.
_LOOKED_AT = frozenset(
    {
        "accumulation",
        "adapter",
        "adapter.rank",
        "assistant_only_loss",
        "base_url",
        "batch_size",
        "max_cut",
        "max_length",
        "max_untrained",
        "method",
        "model",
        "packing",
        "precision",
        "processes",
        "serving_template",
        "template",
    }
)

#: Settings of a training from which a check foretells what it makes of the rows.
_FORETOLD = frozenset({"model", "max_length", "n_epochs", "price_per_1m", "budget"})
#: Raised when files of the same bytes give other findings.
_READING = 2

#: Raised when judges are asked otherwise, or their verdicts mean something else.
_JUDGING = 1

_NO_SCHEMA = SchemaDef("", None)

Inputs = dict[str, str]


def step_key(step: Step, inputs: Mapping[str, str]) -> str:
    """Hex SHA-256 (first 32 digits) over the step's id and its named inputs."""
    return digest({"id": step.id, "inputs": dict(inputs)})[:32]


def step_inputs(step: Step, files: Files, keys: Mapping[str, str]) -> Inputs:
    """Name → digest or short value. ``keys`` holds those of all earlier steps."""
    code = {f"code {step.kind}": str(CODE_VERSIONS[step.kind])}
    return code | _own_inputs(step, files, keys)


def _own_inputs(step: Step, files: Files, keys: Mapping[str, str]) -> Inputs:
    match step:
        case DatasetStep():
            return _dataset(step, files)
        case CheckStep():
            return _check(step, files)
        case DedupStep():
            return _dedup(step, files)
        case CoverageStep():
            return _coverage(step, files, keys)
        case PreflightStep():
            return _train(step, files, keys, lambda name: name in _LOOKED_AT)
        case SweepStep():
            return _sweep(step, files, keys)
        case TrainStep():
            return _train(step, files, keys, lambda name: name not in _BESIDE)
        case EvalStep():
            return _eval(step, files, keys)
        case GateStep():
            return _gate(step, keys)
        case SelectStep():
            return _select(step, keys)
        case RateStep():
            return _rate(step, files, keys)
        case PendingStep():
            return {"why": shown(step.why)}


def _dataset(step: DatasetStep, files: Files) -> Inputs:
    sources = {"sources": shown([_pattern(source) for source in step.dataset.sources])}
    return sources | {"split": shown(step.dataset.split)} | _file_inputs(step.dataset, files)


def _check(step: CheckStep, files: Files) -> Inputs:
    found = _rows(step.dataset, files) | {"code reading": str(_READING)}
    if step.check is not None:
        found["rule order"] = shown([rule.name for rule in step.check.rules])
        found |= {f"rule {rule.name}": shown(rule) for rule in step.check.rules}
    found |= {f"waiver of {waiver.rule[1]}": shown(waiver) for waiver in step.waivers}
    for train in step.trains:
        told = [one for one in train.settings if one[0] in _FORETOLD]
        found[f"training {train.name}"] = shown([train.target, train.data, told])
    if step.baseline and (digest_ := files.digest(step.baseline)):
        found[f"file {step.baseline}"] = digest_
    for source, one in step.references.items():
        found[f"locked distribution of {source}"] = shown(one.model_dump(mode="json"))
    return found | {f"locked {name}": shown(value) for name, value in step.locked.items()}


def _dedup(step: DedupStep, files: Files) -> Inputs:
    found = _rows(step.dataset, files)
    for other in step.against:
        found |= _rows(other, files)
    for drop in step.dedup.drops:
        if drop.embeddings:
            found |= _named_file(drop.embeddings, files)
    found |= {f"drop {i}": shown(drop) for i, drop in enumerate(step.dedup.drops, start=1)}
    found["setting keep"] = shown([step.dedup.keep, step.dedup.keep_by])
    for name in ("max_dropped", "max_cluster", "ignore_shared"):
        found[f"setting {name}"] = shown(getattr(step.dedup, name))
    found["splits of against"] = shown(step.against_splits)
    return found


def _coverage(step: CoverageStep, files: Files, keys: Mapping[str, str]) -> Inputs:
    found = _rows(step.dataset, files)
    groups, expects = step.coverage.groups, step.coverage.expects
    for group in groups:
        for path in _paths(group.key, catalog.GROUPS):
            found |= _named_file(path, files)
    found |= {f"by {i}": shown(group) for i, group in enumerate(groups, start=1)}
    found |= {f"expect {i}": shown(expect) for i, expect in enumerate(expects, start=1)}
    found |= {f"locked {name}": shown(value) for name, value in step.locked.items()}
    return found | _steps(step.needs, keys, "dedup")


def _train(
    step: TrainStep | PreflightStep,
    files: Files,
    keys: Mapping[str, str],
    is_meant: Callable[[str], bool],
) -> Inputs:
    found: Inputs = {}
    for dataset in step.datasets:
        found |= _rows(dataset, files)
    train = step.train
    for name in ("data", "validate", "base", "target"):
        found[f"setting {name}"] = shown(getattr(train, name))
    meant = [(key, value) for key, value in train.settings if is_meant(key)]
    found |= _settings("setting", meant)
    for key, value in meant:
        if key in ("template", "serving_template") and isinstance(value, str):
            found |= _named_file(value, files)
    if step.base_model is not None:
        found |= _model(step.base_model, files)
    elif train.base is not None:
        found |= _named_file(train.base, files)
    return found | _steps(step.needs, keys, "dedup") | _steps(step.needs, keys, "sweep")


def _sweep(step: SweepStep, files: Files, keys: Mapping[str, str]) -> Inputs:
    """Those of the training and of the eval, and what is varied."""
    training = _train(step.training({}, 0), files, keys, lambda name: name not in _BESIDE)
    found = _eval(step.scoring, files, keys) | training
    found["code eval"], found["code train"] = (str(CODE_VERSIONS[k]) for k in ("eval", "train"))
    found["setting seed"] = shown(dict(step.train.settings).get("seed"))
    return found | {"sweep": shown(step.sweep), "gates on its eval": shown(step.gates)}


def _eval(step: EvalStep, files: Files, keys: Mapping[str, str]) -> Inputs:
    found = _rows(step.cases, files)
    found["setting split"] = shown(step.split)
    if step.timed:
        found["setting timed"] = shown(True)
    if step.logprobs:
        found["setting logprobs"] = shown(True)
    found |= {f"score {score.name}": shown(score) for score in step.eval.scores}
    for path in _score_files(step):
        found |= _named_file(path, files)
    for name, value in step.eval.settings:
        if name in ("system_file", "tools", "response_schema", "images"):
            found |= _named_file(str(value), files)
    found |= {f"slice {slice_.name}": shown(slice_) for slice_ in step.eval.slices}
    if step.eval.cluster is not None:
        found["setting cluster"] = shown(step.eval.cluster)
    own = [one for one in step.eval.settings if one[0] not in _HOW_NOT_WHAT]
    found |= _settings("setting", own)
    if step.model is not None:
        found |= _model(step.model, files)
        price = price_of(step.model)
        if price is not None and not price.is_free:
            found[f"price of {step.model.name}"] = str(price)
    for judge in step.judges:
        found |= _model(judge, files)
    if step.judges:
        found["code judges"] = str(_JUDGING)
    return found | _steps(step.needs, keys, "train")


def _score_files(step: EvalStep) -> Iterator[str]:
    """The files that scorers read, such as a JSON Schema."""
    for score in step.eval.scores:
        yield from _paths(score.value, catalog.SCORERS)


def _paths(expr: Expr, functions: Mapping[str, FunctionEntry]) -> Iterator[str]:
    """What the calls of ``functions`` within ``expr`` name by path."""
    for call in expr.walk():
        if call.op == "call" and call.value in functions:
            parameters = functions[str(call.value)].parameters
            for parameter, argument in zip(parameters, call.args, strict=False):
                names_file = parameter.type == "path" or parameter.name == "embeddings"
                if names_file and argument.value:
                    yield str(argument.value)


def _gate(step: GateStep, keys: Mapping[str, str]) -> Inputs:
    gate = step.gate
    found = {"setting from": shown(gate.candidates), "setting baseline": shown(gate.baseline)}
    found |= {f"require {i}": shown(r) for i, r in enumerate(gate.requires, start=1)}
    found |= {f"forbid {i}": shown(guard) for i, guard in enumerate(gate.guards, start=1)}
    found |= {f"locked {name}": shown(value) for name, value in step.locked.items()}
    if step.locked_cases is not None:
        found["locked cases"] = step.locked_cases[1]
    return found | _steps(step.needs, keys, "eval") | _steps(step.needs, keys, "rate")


def _rate(step: RateStep, files: Files, keys: Mapping[str, str]) -> Inputs:
    rate = step.rate
    found = _settings(
        "setting",
        [
            *(("ask", rate.ask), ("points", rate.points), ("question", rate.question)),
            *(("sample", rate.sample_rows), ("seed", rate.seed), ("raters", rate.min_raters)),
        ],
    )
    found["setting compare"] = shown(rate.compare)
    found |= {f"require {i}": shown(r) for i, r in enumerate(rate.requires, start=1)}
    for path in (rate.rubric, rate.gold, rate.ratings):
        found |= _named_file(path, files) if path is not None else {}
    return found | _steps(step.needs, keys, "eval")


def _select(step: SelectStep, keys: Mapping[str, str]) -> Inputs:
    select = step.select
    found = {"setting from": shown(select.candidates), "setting best": shown(select.best)}
    found |= {f"require {i}": shown(r) for i, r in enumerate(select.requires, start=1)}
    found |= {f"model {name} states": shown(facts) for name, facts in step.facts.items()}
    found |= {f"gate {gate.name}": shown([gate.requires, gate.baseline]) for gate in step.gates}
    return found | _steps(step.needs, keys, "eval")


def _rows(dataset: DatasetDef, files: Files) -> Inputs:
    """What decides the rows of a dataset: its files, and how they are read, named and split."""
    of = f"of {dataset.name}"
    found = {
        f"schema {of}": shown(dataset.schema),
        f"format {of}": shown([[source.format, source.columns] for source in dataset.sources]),
        f"split {of}": shown(dataset.split),
        f"id {of}": shown(dataset.id),
        f"tokenizer {of}": shown(dataset.tokenizer),
    }
    if dataset.template is not None:
        found[f"template {of}"] = shown(dataset.template)
        found |= _named_file(dataset.template, files)
    if dataset.allow_empty:
        found[f"allow_empty {of}"] = shown(True)
    return found | _named_file(dataset.tokenizer, files) | _file_inputs(dataset, files)


def _file_inputs(dataset: DatasetDef, files: Files) -> Inputs:
    listed = files.of(dataset)
    found = {f"file {info.path}": info.sha256 for info in listed.files}
    found[f"order of {dataset.name}"] = shown([info.path for info in listed.files])
    if listed.problem is not None:
        found[f"problem of {dataset.name}"] = listed.problem.message
    return found


def _pattern(source: SourceDef) -> list[str]:
    return [source.format, source.pattern]


def _model(model: ModelDef, files: Files) -> Inputs:
    """A model's own settings and the bytes of the files that they name."""
    meant = [(key, value) for key, value in model.settings if key not in _HOW_NOT_WHAT]
    found = {f"model {model.name} provider": shown(model.provider)}
    found |= _settings(f"model {model.name}", meant)
    for key, value in meant:
        if key in ("path", "template") and isinstance(value, str):
            found |= _named_file(value, files)
    if model.outputs is not None:
        found[f"model {model.name} outputs"] = shown(model.outputs)
        outputs = DatasetDef(model.name, _NO_SCHEMA, (model.outputs,), span=model.span)
        found |= _file_inputs(outputs, files)
    return found


def _named_file(name: str, files: Files) -> Inputs:
    """A setting that is the path of a file or folder under the root stands for its bytes."""
    return {f"file {path}": sha256 for path, sha256 in files.under(name)}


def _settings(prefix: str, settings: Iterable[tuple[str, Value]]) -> Inputs:
    return {f"{prefix} {key}": shown(value) for key, value in settings}


def _steps(needs: Iterable[str], keys: Mapping[str, str], kind: str) -> Inputs:
    """The keys of the needed steps of one kind: those whose results this step reads."""
    return {f"step {id_}": keys[id_] for id_ in needs if id_.startswith(f"{kind}.")}
