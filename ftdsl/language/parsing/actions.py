"""From what the parser reduces to nodes of the tree: one method a rule of the grammar."""

from __future__ import annotations

from collections.abc import Callable, Container
from typing import Any, cast

from ftdsl.diagnostics.diagnostic import Diagnostic, Span
from ftdsl.language import tree
from ftdsl.language.grammar import Grammar
from ftdsl.language.parsing.literals import literal
from ftdsl.language.parsing.mistakes import reserved_word
from ftdsl.language.source import Source
from ftdsl.language.tokens import Token

Values = list[Any]
"""The values of one production in order: tokens, nodes, and lists that helper rules made."""

_OPERATORS = {"OR": "or", "AND": "and", "IN": "in"}


class TreeActions:
    """Builds the nodes of one file. Mistakes inside literals are noted in ``problems``."""

    def __init__(self, source: Source, reserved: Container[str] = ()) -> None:
        self.source = source
        self._reserved = reserved
        self.problems: list[Diagnostic] = []

    def of(self, grammar: Grammar) -> list[Callable[[Values], Any] | None]:
        """The method for every rule of ``grammar``, None where the value passes on as it is."""
        return [
            getattr(self, f"on_{rule.action}") if rule.action not in ("", "*") else None
            for rule in grammar.rules
        ]

    # --- spans and names ---------------------------------------------------------------------

    def _span(self, values: Values) -> Span:
        first, last = values[0], values[-1]
        start = first.start if isinstance(first, Token) else first.span.start
        end = last.end if isinstance(last, Token) else last.span.end
        return Span(self.source.path, start, end)

    def _name(self, token: Token) -> tree.Name:
        return tree.Name(token.text, Span(self.source.path, token.start, token.end))

    def _new_name(self, token: Token) -> tree.Name:
        """A name that expressions refer to, and so none of the words they are made of."""
        name = self._name(token)
        if token.text in self._reserved:
            self.problems.append(reserved_word(name.text, name.span))
        return name

    # --- declarations ------------------------------------------------------------------------

    def on_start(self, values: Values) -> tuple[tree.Item, ...]:
        return tuple(values)

    def on_import_item(self, values: Values) -> tree.Import:
        _, path, _, alias = values
        return tree.Import(path, self._name(alias), self._span(values))

    def on_let_item(self, values: Values) -> tree.Let:
        _, name, _, value = values
        return tree.Let(self._new_name(name), value, self._span(values))

    def on_function(self, values: Values) -> tree.Function:
        _, name, parameters, _, result, _, body = values
        return tree.Function(
            self._name(name), parameters.nodes, result, body, None, self._span(values)
        )

    def on_extern_function(self, values: Values) -> tree.Function:
        _, _, name, parameters, _, result, _, origin = values
        return tree.Function(
            self._name(name), parameters.nodes, result, None, origin, self._span(values)
        )

    def on_parameters(self, values: Values) -> Group:
        return Group(values, self._span(values))

    def on_parameter(self, values: Values) -> tree.Parameter:
        name, _, kind = values
        return tree.Parameter(self._new_name(name), kind, self._span(values))

    def on_key_type(self, values: Values) -> tree.TypeRef:
        return tree.TypeRef(self._name(values[0]), False, None, self._span(values))

    def on_type_ref(self, values: Values) -> tree.TypeRef:
        last = values[-1]
        optional = isinstance(last, Token) and last.kind == "OPTIONAL"
        element = values[2] if len(values) >= 4 else None
        return tree.TypeRef(self._name(values[0]), optional, element, self._span(values))

    def on_schema(self, values: Values) -> tree.Schema:
        base = values[3] if isinstance(values[3], tree.Path) else None
        fields = tuple(value for value in values if isinstance(value, tree.Field))
        return tree.Schema(self._name(values[1]), base, fields, self._span(values))

    def on_field(self, values: Values) -> tree.Field:
        name, _, kind = values
        return tree.Field(self._name(name), kind, self._span(values))

    # --- blocks ------------------------------------------------------------------------------

    def on_block(self, values: Values) -> tree.Block:
        keyword, subject = values[:2]
        return self._block(keyword, subject, None, values, 3)

    def on_ruleset(self, values: Values) -> tree.Block:
        keyword, name, _, target = values[:4]
        subject = self._name(name)
        return self._block(keyword, tree.Path((subject,), subject.span), target, values, 5)

    def on_coverage(self, values: Values) -> tree.Block:
        return self.on_block(values)

    def _block(
        self,
        keyword: Token,
        subject: tree.Path,
        target: tree.Path | None,
        values: Values,
        body: int,
    ) -> tree.Block:
        return tree.Block(
            cast(tree.BlockKind, keyword.text),
            subject,
            target,
            tuple(values[body:-1]),
            self._span(values),
            self._span(values[: body - 1]),
        )

    def on_setting(self, values: Values) -> tree.Setting:
        key, _, value = values
        return tree.Setting(self._name(key), value, self._span(values))

    def on_use(self, values: Values) -> tree.Use:
        excluded = values[3].nodes if len(values) == 4 else ()
        return tree.Use(values[1], excluded, self._span(values))

    def on_names(self, values: Values) -> Group:
        names = [self._name(token) for token in values if token.kind == "NAME"]
        return Group(names, self._span(values))

    def on_bound(self, values: Values) -> tree.Bound:
        name, comparator, value = values
        return tree.Bound(self._name(name), comparator.text, value, self._span(values))

    def on_rule(self, values: Values) -> tree.Rule:
        def of(*kinds: type) -> tuple[Any, ...]:
            return tuple(value for value in values[3:] if isinstance(value, kinds))

        doc = values[2] if isinstance(values[2], tree.Literal) else None
        return tree.Rule(
            self._name(values[1]),
            doc,
            of(tree.Each, tree.Expect),
            of(tree.Verdict),
            of(tree.Examples),
            of(tree.Setting),
            self._span(values),
        )

    def on_each(self, values: Values) -> tree.Each:
        where = values[2] if len(values) == 5 else None
        return tree.Each(where, values[-1], self._span(values))

    def on_expect(self, values: Values) -> tree.Expect:
        return tree.Expect(values[1], self._span(values))

    def on_verdict(self, values: Values) -> tree.Verdict:
        level, _, condition = values
        return tree.Verdict(level.text, condition, self._span(values))

    def on_examples(self, values: Values) -> tree.Examples:
        kind, source = values
        return tree.Examples(kind.text, source, self._span(values))

    def on_drop(self, values: Values) -> tree.Drop:
        settings = values[-1].nodes if isinstance(values[-1], Group) else ()
        columns = tuple(value for value in values[3:] if isinstance(value, tree.Expr))
        forbids = values[0].text == "forbid"
        return tree.Drop(self._name(values[1]), columns, settings, forbids, self._span(values))

    def on_settings(self, values: Values) -> Group:
        return Group(values, self._span(values))

    def on_by_group(self, values: Values) -> tree.By:
        buckets = tuple(value for value in values if isinstance(value, tree.Bucket))
        return tree.By(values[1], buckets, self._span(values))

    def on_bucket(self, values: Values) -> tree.Bucket:
        key, comparator, bound = values
        if isinstance(key, Token):
            key = self._name(key) if key.kind == "NAME" else None
        return tree.Bucket(key, comparator.text, bound, self._span(values))

    def on_score(self, values: Values) -> tree.Score:
        _, name, _, value = values
        return tree.Score(self._new_name(name), value, self._span(values))

    def on_slice(self, values: Values) -> tree.Slice:
        settings = values[3].nodes if len(values) == 4 else ()
        return tree.Slice(values[2], settings, self._span(values))

    def on_require(self, values: Values) -> tree.Require:
        kinds = [value.kind if isinstance(value, Token) else "" for value in values]
        by = values[kinds.index("BY") + 1] if "BY" in kinds else None
        confidence = values[-1] if "WITH" in kinds else None
        return tree.Require(values[1], by, confidence, self._span(values))

    def on_target(self, values: Values) -> tree.Target:
        return tree.Target(self._name(values[1]), values[2].nodes, self._span(values))

    # --- expressions -------------------------------------------------------------------------

    def on_binary(self, values: Values) -> tree.Binary:
        left, sign, right = values
        op = _OPERATORS.get(sign.kind, sign.text)
        place = Span(self.source.path, sign.start, sign.end)
        return tree.Binary(cast(tree.BinaryOp, op), left, right, self._span(values), place)

    def on_unary(self, values: Values) -> tree.Unary:
        sign, operand = values
        return tree.Unary(sign.text, operand, self._span(values))

    def on_path(self, values: Values) -> tree.Path:
        parts = tuple(self._name(token) for token in values if token.kind != "DOT")
        return tree.Path(parts, self._span(values))

    def on_call(self, values: Values) -> tree.Call:
        arguments = tuple(value for value in values if isinstance(value, tree.Argument))
        return tree.Call(values[0], arguments, self._span(values))

    def on_argument(self, values: Values) -> tree.Argument:
        label = self._name(values[0]) if len(values) == 3 else None
        return tree.Argument(label, values[-1], self._span(values))

    def on_list(self, values: Values) -> tree.ListExpr:
        items = tuple(value for value in values if not isinstance(value, Token))
        return tree.ListExpr(items, self._span(values))

    def on_paren(self, values: Values) -> tree.Paren:
        return tree.Paren(values[1], self._span(values))

    def on_text(self, values: Values) -> tree.Literal:
        return literal(values[0], self.source, self.problems)

    def on_number(self, values: Values) -> tree.Literal:
        return literal(values[0], self.source, self.problems)


class Group:
    """Nodes that stand between brackets or commas, on their way into a statement."""

    __slots__ = ("nodes", "span")

    def __init__(self, values: Values, span: Span) -> None:
        self.nodes = tuple(value for value in values if not isinstance(value, Token))
        self.span = span
