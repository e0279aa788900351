"""How the model of an eval is made ready to be asked, and taken down afterwards."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from importlib import metadata
from pathlib import Path

from ftdsl.diagnostics.diagnostic import Diagnostic, Span
from ftdsl.engine.context import Context, Refused
from ftdsl.engine.spending import Purse
from ftdsl.language.program import EvalDef, ModelDef, TrainDef, Value
from ftdsl.models.answer import Model
from ftdsl.models.hosts import Endpoint, permitted_endpoint
from ftdsl.models.in_process import InProcess, weights_folder
from ftdsl.models.local_server import Served, ServerFailed, running_server
from ftdsl.models.openai_compatible import OpenAICompatible
from ftdsl.models.pacing import Host
from ftdsl.models.recording import recorded_outputs
from ftdsl.models.replay import Replay
from ftdsl.models.weights import resolve_model_file
from ftdsl.plan.digests import FileDigests
from ftdsl.plan.hosting import hosted_model, is_hosted
from ftdsl.plan.payment import eval_budget, payment_problem
from ftdsl.plan.prices import price_of
from ftdsl.plan.steps import EvalStep
from ftdsl.results.models import TrainOutput

_REMOTE_CONCURRENCY = 4
_LOCAL_CONCURRENCY = 1  # answers of a batch depend on what else is in it
_TIMEOUT = 120.0
_LOCAL_CONTEXT = 2048
_NOWHERE = Span("", 0, 0)
_ADAPTER = "adapter.gguf"
_TEMPLATE = "template.jinja"

Settings = Mapping[str, Value]


@contextmanager
def asked_model(step: EvalStep, context: Context) -> Iterator[Model]:
    """The model that ``step`` asks, ready. Raises ``Refused`` (FT500-FT509) when it cannot be."""
    generation = dict(step.eval.settings)
    declared = step.model
    if step.train is not None and is_hosted(step.train):
        declared = _trained_at_host(step.train, context)
    elif step.train is not None and (whole := _whole_weights(step.train, context)) is not None:
        yield _trained_in_process(step, whole, context)
        return
    elif step.train is not None:
        with _served(_parts_of_trained(step, context), generation, context) as model:
            yield model
        return
    assert declared is not None, "an eval step has a model or a train"
    with ready_model(declared, context, generation, step.eval) as model:
        yield model


def _whole_weights(train: TrainDef, context: Context) -> Path | None:
    """The folder of whole weights that a training left, where no adapter of it can be served."""
    folder = context.artifacts(f"train.{train.name}")
    output = context.outputs[f"train.{train.name}"]
    assert isinstance(output, TrainOutput), "a train step has a train output"
    if not output.weights or (folder / _ADAPTER).is_file():
        return None
    return folder / output.weights


def _trained_in_process(step: EvalStep, folder: Path, context: Context) -> InProcess:
    declared = ModelDef(step.model_name, "transformers", (), span=_span(step))
    return _loaded_in_process(declared, folder, None, context)


def _trained_at_host(train: TrainDef, context: Context) -> ModelDef:
    """The model that a host trained, to be asked where it was trained."""
    output = context.outputs[f"train.{train.name}"]
    assert isinstance(output, TrainOutput), "a train step has a train output"
    assert output.hosted is not None, "a hosted training has a job"
    return hosted_model(train, output.hosted.model)


@contextmanager
def ready_model(
    model: ModelDef,
    context: Context,
    generation: Settings | None = None,
    eval_: EvalDef | None = None,
) -> Iterator[Model]:
    """A declared model, ready to be asked by ``Asking`` or ``answer_all``: a judge, say. The
    settings ``generation`` override the model's own. It is paid from the run's budget, and from
    that of ``eval_`` where it is asked for one. Raises ``Refused``."""
    if model.provider == "replay":
        yield Replay(recorded_outputs(model, context.root))
    elif model.provider == "local":
        with _served(_parts_of(model, context), generation or {}, context) as served:
            yield served
    elif model.provider == "transformers":
        yield _in_process(model, context)
    else:
        yield _remote_model(model, generation or {}, context, eval_)


def _remote_model(
    model: ModelDef, generation: Settings, context: Context, eval_: EvalDef | None
) -> OpenAICompatible:
    settings = dict(model.settings) | dict(generation)
    endpoint = permitted_endpoint(model, context.policy)
    ledger = context.policy.ledger
    if (problem := payment_problem(model, ledger.budget)) is not None:
        raise Refused(problem, exit_code=4)
    name = str(settings.get("name") or model.name)
    host = context.policy.hosts.setdefault(endpoint.host, Host(endpoint.host))
    host.limit(_rate(settings, "requests_per_minute"), _rate(settings, "tokens_per_minute"))
    own = (ledger.part(f"eval `{eval_.name}`", eval_budget(eval_)),) if eval_ is not None else ()
    return OpenAICompatible(
        name=name,
        endpoint=endpoint,
        identity={"provider": model.provider, "name": name, "url": endpoint.url},
        concurrency=_whole(settings.get("concurrency"), _REMOTE_CONCURRENCY),
        timeout=_seconds(settings.get("timeout")),
        host=host,
        price=price_of(model),
        purse=Purse((ledger, *own)),
        span=model.span,
    )


def _in_process(model: ModelDef, context: Context) -> InProcess:
    folder = weights_folder(model, context.root)
    named = dict(model.settings).get("template")
    template = _template_file(model, str(named), context.root) if named is not None else None
    return _loaded_in_process(model, folder, template, context)


def _loaded_in_process(
    model: ModelDef, folder: Path, template: Path | None, context: Context
) -> InProcess:
    digests = FileDigests(context.cache / "digests.json")
    files = [
        *sorted(one for one in folder.rglob("*") if one.is_file()),
        *([template] if template else []),
    ]
    identity = {f"file {one.name}": digests.facts(one).sha256 for one in files}
    digests.save()
    engine = " ".join(f"{one} {metadata.version(one)}" for one in ("transformers", "torch"))
    return InProcess(
        model,
        folder,
        template.read_text("utf-8") if template is not None else None,
        identity | {"provider": "transformers", "engine": engine},
    )


@dataclass(frozen=True, slots=True)
class _Parts:
    """The files that a local model is made of, and who is to blame when it does not start."""

    weights: Path
    adapter: Path | None
    template: Path | None
    settings: Settings
    name: str
    span: Span | None


@contextmanager
def _served(parts: _Parts, generation: Settings, context: Context) -> Iterator[Model]:
    settings = dict(parts.settings) | dict(generation)
    slots = _whole(settings.get("concurrency"), _LOCAL_CONCURRENCY)
    served = Served(
        weights=parts.weights,
        adapter=parts.adapter,
        template=parts.template,
        context=_whole(settings.get("context"), _LOCAL_CONTEXT),
        slots=slots,
        alias=parts.name,
    )
    identity = _identity(served, context)
    context.checkpoint()
    try:
        with running_server(served, context.checkpoint) as server:
            yield OpenAICompatible(
                name=parts.name,
                endpoint=Endpoint(
                    f"{server.address.rstrip('/')}/v1", "127.0.0.1", True, server.key
                ),
                identity=identity,
                concurrency=slots,
                timeout=_seconds(settings.get("timeout")),
                # What is left in the cache of an earlier request can tip a close choice.
                extra={"cache_prompt": False},
                span=parts.span,
            )
    except ServerFailed as error:
        raise Refused(_not_started(parts, error)) from error


def _parts_of_trained(step: EvalStep, context: Context) -> _Parts:
    """The base with the trained adapter over it."""
    base, train = step.base_model, step.train
    assert train is not None, "the step's model was trained"
    folder = context.artifacts(f"train.{train.name}")
    adapter, template = folder / _ADAPTER, folder / _TEMPLATE
    if base is None or base.provider != "local" or not adapter.is_file():
        raise Refused(_not_servable(step))
    parts = replace(_parts_of(base, context), adapter=adapter, name=step.model_name)
    # The template that the model was trained with, whatever the files say by now.
    return replace(parts, template=template) if template.is_file() else parts


def _parts_of(model: ModelDef, context: Context) -> _Parts:
    settings = dict(model.settings)
    named = settings.get("template")
    template = _template_file(model, str(named), context.root) if named is not None else None
    weights = resolve_model_file(model, context.root, context.cache)
    return _Parts(weights, None, template, settings, model.name, model.span)


def _template_file(model: ModelDef, name: str, root: Path) -> Path:
    path = (root / name).resolve()
    if path.is_relative_to(root.resolve()) and path.is_file():
        return path
    message = f"model `{model.name}`: the chat template `{name}` is no file of the project"
    raise Refused(Diagnostic("FT500", message, model.span or _NOWHERE))


def _identity(served: Served, context: Context) -> dict[str, str]:
    """All that changes the answers: the bytes of every part and the engine's version."""
    digests = FileDigests(context.cache / "digests.json")
    identity = {"provider": "local", "context": str(served.context)}
    parts = {"weights": served.weights, "adapter": served.adapter, "template": served.template}
    for name, path in parts.items():
        identity[name] = digests.facts(path).sha256 if path is not None else ""
    digests.save()
    identity["engine"] = f"xllamacpp {metadata.version('xllamacpp')}"
    return identity


def _rate(settings: Settings, name: str) -> float | None:
    value = settings.get(name)
    return float(value) if isinstance(value, int | float) else None


def _whole(value: Value, default: int) -> int:
    return int(value) if isinstance(value, int) and not isinstance(value, bool) else default


def _seconds(value: Value) -> float:
    return float(value) if isinstance(value, int | float) else _TIMEOUT


def _not_started(parts: _Parts, error: ServerFailed) -> Diagnostic:
    lines = [line.strip() for line in error.log.splitlines() if line.strip()]
    return Diagnostic(
        "FT506",
        f"the local server of model `{parts.name}` did not start: {error}",
        parts.span or _NOWHERE,
        notes=tuple(lines[-4:]),
        help="the file must be a GGUF model that llama.cpp can read, and fit in memory",
    )


def _not_servable(step: EvalStep) -> Diagnostic:
    return Diagnostic(
        "FT508",
        f"the trained model `{step.model_name}` cannot be served here",
        _span(step) or _NOWHERE,
        help="name a `provider = local` model as its `base`, or set `merge = true` in its target",
    )


def _span(step: EvalStep) -> Span | None:
    return step.train.span if step.train is not None else None
