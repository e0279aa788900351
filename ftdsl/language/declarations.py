"""The values of `let`, `fn` and `schema`, each worked out once, when something refers to it."""

from __future__ import annotations

from collections.abc import Iterator

from ftdsl.diagnostics.diagnostic import Label, Span
from ftdsl.diagnostics.suggestion import suggest
from ftdsl.language import catalog
from ftdsl.language.modules import Module
from ftdsl.language.names import find
from ftdsl.language.program import Expr, ExternDef, FieldDef, SchemaDef, Type
from ftdsl.language.reporting import did_you_mean, one_of
from ftdsl.language.tree import Field, Function, Let, Path, Schema, TypeRef
from ftdsl.language.types import assignable, describe, list_of
from ftdsl.language.typing.inlining import MAX_DEPTH, measure
from ftdsl.language.typing.operators import not_null
from ftdsl.language.typing.scope import constant_scope, function_scope, views_of
from ftdsl.language.typing.units import expected, unit_help
from ftdsl.language.typing.values import is_constant
from ftdsl.language.workspace import FunctionValue, Workspace

_FIELD_TYPES = ("text", "int", "float", "bool")
_VALUE_TYPES = (*_FIELD_TYPES, "ratio", "points", "duration", "money", "size", "date")
_PARAMETER_TYPES = (*_VALUE_TYPES, "row", "message")
_OTHER_WORDS = {
    "str": "text", "string": "text", "integer": "int", "number": "float", "double": "float",
    "boolean": "bool", "array": "list", "percent": "ratio", "bytes": "size",
}  # fmt: skip


def let_value(ws: Workspace, module: Module, item: Let) -> Expr | None:
    """The constant of a `let`; None where it was wrong."""
    from ftdsl.language.typing.expressions import Typer

    place = (module.path, item.name.text)
    if place in ws.lets:
        return ws.lets[place]
    if place in ws.pending:
        _circular(ws, "let", item.name.text, item.name.span)
        return None
    ws.pending.append(place)
    value = Typer(ws, constant_scope(module, "a `let`")).type(item.value)
    if value is not None and not is_constant(value):
        ws.report.add(
            "FT121",
            f"`{item.name.text}` is not a constant",
            item.value.span,
            label=f"this is {describe(value.type)} that is worked out later",
            help="a `let` is a number, a text, a date, or a list of them",
        )
        value = None
    ws.pending.pop()
    ws.lets[place] = value
    return value


def _circular(ws: Workspace, kind: str, name: str, span: Span) -> None:
    ws.report.add(
        "FT123",
        f"the {kind} `{name}` refers to itself",
        span,
        label="directly or through others",
        help="break the circle",
    )


# ------------------------------------------------------------------ functions


def function_value(ws: Workspace, module: Module, item: Function) -> FunctionValue | None:
    """A checked function; None where it was wrong."""
    place = (module.path, item.name.text)
    if place in ws.functions:
        return ws.functions[place]
    if place in ws.pending:
        _circular(ws, "fn", item.name.text, item.name.span)
        return None
    ws.pending.append(place)
    ws.functions[place] = value = _function(ws, module, item)
    ws.pending.pop()
    return value


def _function(ws: Workspace, module: Module, item: Function) -> FunctionValue | None:
    parameters = _parameters(ws, module, item)
    result = type_of(ws, item.result, _VALUE_TYPES)
    if parameters is None or result is None:
        return None
    if item.origin is not None:
        extern = _extern(ws, module, item, parameters, result)
        if extern is None:
            return None
        return FunctionValue(item.name.text, parameters, result, None, 1, 1, extern)
    body = _body(ws, module, item, parameters, result)
    if body is None:
        return None
    nodes, depth = measure(body)
    if depth > MAX_DEPTH:
        ws.report.add(
            "FT126",
            f"`{item.name.text}` is {depth} levels deep once its functions are expanded",
            item.name.span,
            label=f"at most {MAX_DEPTH} levels are allowed",
            help="let the functions call one another less",
        )
        return None
    return FunctionValue(item.name.text, parameters, result, body, nodes, depth)


def _parameters(
    ws: Workspace, module: Module, item: Function
) -> tuple[tuple[str, Type], ...] | None:
    found: dict[str, Type] = {}
    good = True
    for parameter in item.parameters:
        name = parameter.name.text
        kind = type_of(ws, parameter.type, _PARAMETER_TYPES)
        if name in found:
            ws.report.add(
                "FT101", f"the parameter `{name}` is declared twice", parameter.name.span,
                label="here again", help="rename one of them",
            )  # fmt: skip
            good = False
        elif isinstance(module.names.get(name), Let):
            ws.report.add(
                "FT102", f"the parameter `{name}` hides the `let` of the same name",
                parameter.name.span, label="rename it",
            )  # fmt: skip
            good = False
        if kind is None:
            good = False
        else:
            found[name] = kind
    return tuple(found.items()) if good else None


def _body(
    ws: Workspace,
    module: Module,
    item: Function,
    parameters: tuple[tuple[str, Type], ...],
    result: Type,
) -> Expr | None:
    from ftdsl.language.typing.expressions import Typer

    assert item.body is not None, "a function that is not extern has a body"
    before = ws.report.size
    body = Typer(ws, function_scope(module, parameters)).type(item.body)
    if body is None:
        return None
    if not assignable(result, body.type):
        if body.type.optional and assignable(result, Type(body.type.name)):
            not_null(ws, body, item.body)
        else:
            help_text, fix = unit_help(item.body, body, result.name)
            ws.report.add(
                "FT111",
                f"`{item.name.text}` promises {describe(result)} and gives {describe(body.type)}",
                item.body.span,
                label=f"expected {expected(result.name, body)}",
                help=help_text,
                fix=fix,
            )
        return None
    if ws.report.size == before:
        _unused_parameters(ws, item, body)
    return body


def _unused_parameters(ws: Workspace, item: Function, body: Expr) -> None:
    used: set[object] = set()
    stack = [body]
    while stack:
        node = stack.pop()
        if node.op == "param":
            used.add(node.value)
        stack.extend(node.args)
    for parameter in item.parameters:
        if parameter.name.text not in used:
            ws.report.add(
                "FT103",
                f"the parameter `{parameter.name.text}` is never used",
                parameter.name.span,
                label="nothing refers to it",
                help="use it or delete it",
            )


def _extern(
    ws: Workspace,
    module: Module,
    item: Function,
    parameters: tuple[tuple[str, Type], ...],
    result: Type,
) -> ExternDef | None:
    assert item.origin is not None, "an extern function says where it is"
    dotted, colon, attribute = str(item.origin.value).partition(":")
    words = [*dotted.split("."), attribute]
    if not colon or not all(word.isidentifier() for word in words):
        ws.report.add(
            "FT124",
            f"`{item.origin.value}` does not name a Python function",
            item.origin.span,
            label='expected "module:function"',
            help='write it like "checks.toxicity:score"',
        )
        return None
    name = item.name.text
    if module is not ws.main:
        name = f"{module.path.removesuffix('.ftspec')}.{name}"
    fields = tuple(FieldDef(one, kind) for one, kind in parameters)
    return ExternDef(name, fields, result, dotted, attribute, item.name.span)


# ------------------------------------------------------------------ types and schemas


def type_of(ws: Workspace, ref: TypeRef, allowed: tuple[str, ...]) -> Type | None:
    """The type that ``ref`` writes; None after saying that there is none of this name."""
    name = ref.name.text
    if ref.element is not None:
        if name != "list":
            ws.report.add(
                "FT125", f"`{name}` takes no type in parentheses", ref.span,
                label="only `list(…)` does",
            )  # fmt: skip
            return None
        if ref.element.optional:
            ws.report.add(
                "FT125", "items of a list are never null", ref.element.span, label="leave `?` out"
            )
            return None
        element = type_of(ws, ref.element, allowed)
        return element and Type("list", ref.optional, list_of(element).element)
    if name in allowed:
        return Type(name, ref.optional)
    word = _OTHER_WORDS.get(name.lower()) or suggest(name, (*allowed, "list"))
    help_text, fix = did_you_mean(ref.name.span, word if word != "list" else None)
    if name == "list" or word == "list":
        help_text, fix = "say of what: `list(text)`", None
    ws.report.add(
        "FT125",
        f"unknown type `{name}`" if name not in _PARAMETER_TYPES else f"`{name}` cannot stand here",
        ref.name.span,
        label=f"expected {one_of((*allowed, 'list'))}",
        help=help_text,
        fix=fix,
    )
    return None


def schema_named(ws: Workspace, module: Module, path: Path) -> tuple[str, SchemaDef] | None:
    """The key and value of the schema or row format that ``path`` names."""
    entry = catalog.FORMATS.get(path.text)
    if entry is not None:
        # An abstract format has the views of all; rules for it are typed against one of them.
        ws.ancestors.setdefault(path.text, frozenset(_lineage(path.text)))
        return path.text, SchemaDef(path.text, path.text)
    formats = tuple(name for name, one in catalog.FORMATS.items() if not one.abstract)
    found = find(ws, module, path, ("schema",), extra=formats)
    if found is None:
        return None
    owner, item = found
    assert isinstance(item, Schema), "only schemas were asked for"
    value = schema_value(ws, owner, item)
    return (f"{owner.path}:{item.name.text}", value) if value is not None else None


def _lineage(name: str) -> Iterator[str]:
    """The row format ``name`` and all that it extends."""
    while name:
        yield name
        name = catalog.FORMATS[name].extends


def concrete(ws: Workspace, path: Path, schema: SchemaDef) -> bool:
    """Whether rows can have this schema: an abstract row format bounds rule sets alone."""
    if schema.base is None or not catalog.FORMATS[schema.base].abstract:
        return True
    formats = [name for name, one in catalog.FORMATS.items() if not one.abstract]
    ws.report.add(
        "FT109",
        f"`{path.text}` is what row formats have in common, not one of them",
        path.span,
        label="expected a row format or a schema",
        help=f"there are {one_of(formats)}",
    )
    return False


def schema_value(ws: Workspace, module: Module, item: Schema) -> SchemaDef | None:
    """A checked schema with all its fields; None where it was wrong."""
    place = (module.path, item.name.text)
    if place in ws.schemas:
        return ws.schemas[place]
    if place in ws.pending:
        _circular(ws, "schema", item.name.text, item.name.span)
        return None
    ws.pending.append(place)
    ws.schemas[place] = value = _schema(ws, module, item)
    ws.pending.pop()
    return value


def _schema(ws: Workspace, module: Module, item: Schema) -> SchemaDef | None:
    own = f"{module.path}:{item.name.text}"
    base: str | None = None
    inherited: tuple[FieldDef, ...] = ()
    lineage = frozenset([own])
    good = True
    if item.extends is not None:
        found = schema_named(ws, module, item.extends)
        if found is None or not concrete(ws, item.extends, found[1]):
            good = False
        else:
            base, inherited = found[1].base, found[1].fields
            lineage |= ws.ancestors[found[0]]
    ws.ancestors[own] = lineage
    fields = {one.name: one for one in inherited}
    taken = {view.name for view in views_of(SchemaDef("", base))} | {"rows", "output"}
    for field in item.fields:
        kind = type_of(ws, field.type, _FIELD_TYPES)
        if not _new_field(ws, field, fields, taken) or kind is None:
            good = False
            continue
        fields[field.name.text] = FieldDef(field.name.text, kind, field.name.span)
    return SchemaDef(item.name.text, base, tuple(fields.values()), item.span) if good else None


def _new_field(ws: Workspace, field: Field, fields: dict[str, FieldDef], taken: set[str]) -> bool:
    name = field.name.text
    if name in fields:
        span = fields[name].span
        ws.report.add(
            "FT101",
            f"the field `{name}` is declared twice",
            field.name.span,
            label="here again",
            related=(Label(span, "first declared here"),) if span is not None else (),
        )
        return False
    if name in taken:
        ws.report.add(
            "FT102",
            f"the field `{name}` hides a part that every row of this format has",
            field.name.span,
            label="known without being declared",
            help="leave it out, or give the field another name",
        )
        return False
    return True
