"""Masks of real templates, and of those that are known to go wrong, as trainers make them."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ftdsl.training.checking.kept import KeptMasks, mask_key
from ftdsl.training.checking.masks import SIZE, Flag, Kit, Mask, unpacked
from tests.training.templates import CHATML, TALK, byte_tokenizer, kit, mask, trl_template


@pytest.mark.parametrize("name", ["llama3_1", "qwen3", "gemma3", "gptoss"])
def test_the_models_own_templates_mask_everything(name: str) -> None:
    found = mask(kit(trl_template(name), ("<eos>",)), TALK)
    assert found.flags == Flag.UNMARKED
    assert (found.learned, found.kept) == (0, 0)
    assert found.tokens > 60


@pytest.mark.parametrize(
    ("name", "stop", "flags"),
    [
        ("llama3_training", "<|eot_id|>", Flag(0)),
        ("qwen3_training", "<|im_end|>", Flag(0)),
        ("qwen2_5_training", "<|im_end|>", Flag(0)),
        ("gemma3_training", "<end_of_turn>", Flag(0)),
        ("phi3_training", "<eos>", Flag(0)),
        # The mark stands before `<|start|>assistant`, which a server writes.
        ("gptoss_training", "<|return|>", Flag.HEADER),
        # The generation prompt begins a thought, which the training text has none of.
        ("deepseekv3_training", "<｜end▁of▁sentence｜>", Flag.FOREIGN | Flag.ENDLESS),
        # Made for contents that are lists of parts: a text is left out.
        ("smolvlm_training", "<end_of_utterance>", Flag.DIFFERS),
    ],
)
def test_templates_with_marks(name: str, stop: str, flags: Flag) -> None:
    assert mask(kit(trl_template(name), (stop,)), TALK).flags == flags


@pytest.mark.parametrize("name", ["llama3_training", "qwen3_training", "gemma3_training"])
def test_masks_are_those_of_transformers(name: str) -> None:
    from transformers import PreTrainedTokenizerFast

    made = kit(trl_template(name), ("<eos>",))
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=_tokenizer(made), bos_token="<bos>", eos_token="<eos>"
    )
    tokenizer.chat_template = made.template
    theirs = tokenizer.apply_chat_template(
        TALK, tokenize=True, return_dict=True, return_assistant_tokens_mask=True
    )
    ours = mask(made, TALK)
    assert ours.tokens == len(theirs["input_ids"])
    assert ours.learned == sum(theirs["assistant_masks"])
    half = ours.tokens // 2
    cut = mask(kit(made.template, ("<eos>",), limit=half), TALK)
    assert cut.kept == sum(theirs["assistant_masks"][:half])


def _tokenizer(of: Kit) -> Any:
    from tokenizers import Tokenizer

    return Tokenizer.from_buffer(of.tokenizer)


def test_chatml_over_a_vocabulary_without_it_never_stops() -> None:
    over_gemma = kit(CHATML, ("<eos>", "<end_of_turn>"))
    plain = byte_tokenizer(["<bos>", "<eos>", "<end_of_turn>"]).to_str().encode()
    over_gemma = Kit(
        plain, CHATML, CHATML, over_gemma.variables, (1, 2), None, True, False, "chatml"
    )
    assert mask(over_gemma, TALK).flags == Flag.ENDLESS
    assert mask(kit(CHATML, ("<|im_end|>",)), TALK).flags == Flag(0)
    assert mask(kit(CHATML, ("<eos>",)), TALK).flags == Flag.ENDLESS


def test_an_end_token_outside_the_marks_is_not_learned() -> None:
    outside = CHATML.replace(
        "{{ m['content'] + '<|im_end|>' }}{% endgeneration %}",
        "{{ m['content'] }}{% endgeneration %}<|im_end|>",
    )
    assert mask(kit(outside, ("<|im_end|>",)), TALK).flags == Flag.ENDLESS


def test_a_generation_prompt_that_ends_in_a_space_splits_a_token() -> None:
    spaced = (
        "{% for m in messages %}{% if m['role'] == 'assistant' %}A: {% generation %}"
        "{{ m['content'] + eos_token }}{% endgeneration %}{% else %}{{ m['content'] }}\n"
        "{% endif %}{% endfor %}{% if add_generation_prompt %}A: {% endif %}"
    )
    turns = [{"role": "user", "content": "Sure?"}, {"role": "assistant", "content": "Yes"}]
    assert mask(kit(spaced, ("<eos>",)), turns).flags == Flag.SPLIT
    lined = spaced.replace("A: ", "A:\n")
    assert mask(kit(lined, ("<eos>",)), turns).flags == Flag(0)


def test_marks_in_the_wrong_place_are_seen() -> None:
    prompt_too = (
        "{% for m in messages %}{% generation %}<|im_start|>{{ m['role'] }}\n{{ m['content'] }}"
        "<|im_end|>{% endgeneration %}\n{% endfor %}"
        "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
    )
    assert Flag.HEADER in mask(kit(prompt_too, ("<|im_end|>",)), TALK).flags
    said = "{{ m['content'] + '<|im_end|>' }}"
    half = CHATML.replace(said, said.replace("['content']", "['content'][2:]"))
    assert Flag.DIFFERS in mask(kit(half, ("<|im_end|>",)), TALK).flags
    late = CHATML.replace("{% generation %}", "Sure: {% generation %}")
    assert mask(kit(late, ("<|im_end|>",)), TALK).flags == Flag.GAP


def test_a_server_with_another_template() -> None:
    other = CHATML.replace("<|im_start|>{{ m['role'] }}", "<|im_start|>{{ m['role'] | upper }}")
    assert mask(kit(CHATML, ("<|im_end|>",), serving=other), TALK).flags == Flag.FOREIGN
    dropped = CHATML.replace("{% if add_generation_prompt %}", "{% if add_generation_prompt %} ")
    assert mask(kit(CHATML, ("<|im_end|>",), serving=dropped), TALK).flags == Flag.FOREIGN


@settings(max_examples=30, deadline=None)
@given(st.lists(st.text(max_size=12), min_size=1, max_size=4), st.integers(1, 120))
def test_no_count_is_out_of_place(said: list[str], limit: int) -> None:
    turns = [
        {"role": "user" if i % 2 == 0 else "assistant", "content": text}
        for i, text in enumerate(said)
    ]
    found = mask(kit(CHATML, ("<|im_end|>",), limit=limit), turns)
    assert 0 <= found.kept <= found.learned < max(1, found.tokens)
    assert found.kept <= limit
    assert unpacked(found.pack()) == found


def test_kept_masks_come_back_and_damaged_ones_do_not(tmp_path: Path) -> None:
    kept = KeptMasks(tmp_path)
    keys = [mask_key("kit", str(i).encode()) for i in range(1200)]
    kept.put({key: Mask(i, 1, 1, Flag(0)).pack() for i, key in enumerate(keys)})
    assert len(kept.get(keys)) == 1200
    assert unpacked(kept.get([keys[7]])[keys[7]]).tokens == 7
    assert kept.get([mask_key("other kit", b"7")]) == {}
    with sqlite3.connect(kept.path) as database:
        database.execute("update masks set mask = ? where key = ?", (bytes(SIZE + 4), keys[7]))
    database.close()
    assert keys[7] not in kept.get(keys)
