"""Rendered and trainable tokens: held to transformers on the templates that trainers ship."""

from __future__ import annotations

from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from jinja2 import TemplateError
from tokenizers import Tokenizer, models, pre_tokenizers

from ftdsl.data.rows import Row, row_value
from ftdsl.language.program import DatasetDef
from ftdsl.quality.measures.chat_template import ChatTemplate, Unrendered
from ftdsl.quality.measures.row_tokens import RowTokens
from tests.data.spec_parts import dataset
from tests.training.tiny import TEMPLATE, write_folder


def of(**changes: Any) -> DatasetDef:
    return replace(dataset(), **changes)


TEMPLATES = Path(find_spec("trl").origin or "").parent / "chat_templates"  # type: ignore[union-attr]
TOKENS = {"bos_token": "<bos>", "eos_token": "<eos>"}
TURNS: list[dict[str, Any]] = [
    {"role": "user", "content": "Is it warm in Rome?"},
    {"role": "assistant", "content": "Quite warm."},
    {"role": "user", "content": "Quite warm. And in Oslo?"},
    {"role": "assistant", "content": "Cold, as ever."},
]


def test_templates_render_as_transformers_renders_them() -> None:
    from transformers.utils.chat_template_utils import render_jinja_template

    compared = 0
    for path in sorted(TEMPLATES.glob("*.jinja")):
        source = path.read_text(encoding="utf-8")
        ours = ChatTemplate(source, TOKENS)
        try:
            (text,), spans = render_jinja_template(
                conversations=[TURNS],
                chat_template=source,
                return_assistant_tokens_mask=ours.marks_turns,
                **TOKENS,
            )
        except (TemplateError, TypeError, ValueError, LookupError):
            # Whatever it says no to, ours says no to as well.
            with pytest.raises(Unrendered):
                ours.render(TURNS)
            continue
        if "strftime_now" in source:
            continue
        assert ours.render(TURNS) == (text, [tuple(one) for one in spans[0]] if spans else [])
        compared += 1
    assert compared >= 20


@pytest.mark.parametrize("name", ["qwen2_5", "llama3", "gemma3", "phi3", "cohere"])
def test_without_marks_the_gain_of_a_turn_is_learned(name: str) -> None:
    path = TEMPLATES / f"{name}.jinja"
    if not path.exists():
        pytest.skip("this version of the trainer has no such template")
    text, spans = ChatTemplate(path.read_text(encoding="utf-8"), TOKENS).said(TURNS)
    learned = [text[start:end] for start, end in spans]
    assert [
        one.startswith(said) for one, said in zip(learned, ("Quite warm.", "Cold"), strict=True)
    ]
    assert all("Oslo" not in one and "Rome" not in one for one in learned)


def test_a_template_that_rewrites_earlier_turns_is_searched() -> None:
    source = "{% for m in messages %}{{ loop.revindex }}:{{ m.content }};{% endfor %}"
    text, spans = ChatTemplate(source).said(TURNS)
    assert [text[start:end] for start, end in spans] == ["Quite warm.", "Cold, as ever."]


@pytest.mark.parametrize(
    ("source", "why"),
    [
        ("{{ raise_exception('only two roles') }}", "only two roles"),
        ("{{ messages[0]['content'] + messages[0]['name'] }}", "name"),
        ("{{ messages.pop() }}", "SecurityError"),
        ("{{ ''.__class__.__mro__ }}", "SecurityError"),
        ("{% for i in range(10 ** 9) %}{% endfor %}", "steps"),
        (3 * "{% for i in range(90000) %}" + 3 * "{% endfor %}", "steps"),
        ("{% include 'other' %}", "loader"),
    ],
)
def test_what_does_not_render(source: str, why: str) -> None:
    with pytest.raises(Unrendered, match=why):
        ChatTemplate(source).render(TURNS)


@pytest.fixture
def counted(tmp_path: Path) -> Any:
    """Counts words under a template; a tokenizer of the project, and no network."""
    words = Tokenizer(models.WordLevel({"[UNK]": 0}, unk_token="[UNK]"))
    words.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    words.save(str(tmp_path / "tokenizer.json"))
    (tmp_path / "t.jinja").write_text(
        "{% for m in messages %}{{ m.role }} {% if m.role == 'assistant' %}{% generation %}"
        "{{ m.content }} END {% endgeneration %}{% else %}{{ m.content }} {% endif %}{% endfor %}"
    )
    return RowTokens(of(tokenizer="tokenizer.json", template="t.jinja"), tmp_path)


def chat(*turns: dict[str, Any]) -> Row:
    return row_value({"messages": list(turns)}, "chat")


@pytest.mark.parametrize(
    ("limit", "learned"), [(1, 0), (7, 0), (8, 1), (10, 3), (17, 3), (18, 4), (20, 6), (99, 7)]
)
def test_trainable_tokens_are_cut(counted: Any, limit: int, learned: int) -> None:
    # user + 5 words, assistant + 3 learned, user + 5, assistant + 4 learned.
    assert counted.rendered_tokens([chat(*TURNS)]) == [21]
    assert counted.trainable_tokens([chat(*TURNS)], limit) == [learned]


def test_a_turn_of_weight_0_is_not_learned(counted: Any) -> None:
    first = {**TURNS[1], "weight": 0}
    assert counted.trainable_tokens([chat(TURNS[0], first, *TURNS[2:])], 99) == [4]
    assert counted.trainable_tokens([chat(TURNS[0], first)], 99) == [0]


def test_without_a_template_tokens_are_estimated_as_the_cookbook_does() -> None:
    count = RowTokens(of(), None)
    # num_tokens_from_messages of OpenAI's cookbook: 3 a message, its role and content, and 3.
    assert count.rendered_tokens([chat({"role": "user", "content": "hello world"})]) == [
        3 + 1 + 2 + 3
    ]
    assert count.trainable_tokens([chat(*TURNS)], 10_000) == [
        sum(count.tokens(["Quite warm.", "Cold, as ever."]))
    ]


def test_agrees_with_what_training_learns(tmp_path: Path) -> None:
    from transformers import AutoTokenizer

    from ftdsl.training.local.tokens import _encoded

    write_folder(tmp_path / "model")
    (tmp_path / "t.jinja").write_text(TEMPLATE)
    tokenizer = AutoTokenizer.from_pretrained(tmp_path / "model")
    ids, marks = _encoded(tokenizer, TURNS, True)
    count = RowTokens(of(tokenizer="model/tokenizer.json", template="t.jinja"), tmp_path)
    assert count.rendered_tokens([chat(*TURNS)]) == [len(ids)]
    for limit in (1, 30, 40, 60, len(ids)):
        assert count.trainable_tokens([chat(*TURNS)], limit) == [sum(marks[:limit])]
