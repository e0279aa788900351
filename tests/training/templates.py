"""Chat templates and tokenizers of known families, for tests of masks."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import orjson

from ftdsl.training.checking.masks import Kit, Mask, masks_of, unpacked

TALK = [
    {"role": "user", "content": "What is 1+1?"},
    {"role": "assistant", "content": "Two."},
    {"role": "user", "content": "And 2+2?"},
    {"role": "assistant", "content": "Four, I think."},
]
CHATML = (
    "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{% if m['role'] == 'assistant' %}"
    "{% generation %}{{ m['content'] + '<|im_end|>' }}{% endgeneration %}\n"
    "{% else %}{{ m['content'] + '<|im_end|>\n' }}{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


def trl_template(name: str) -> str:
    """A template that TRL ships: a model's own, or the same with marks."""
    import trl

    folder = Path(trl.__file__).parent / "chat_templates"
    return (folder / f"{name}.jinja").read_text(encoding="utf-8")


def byte_tokenizer(special: list[str]) -> Any:
    """A tokenizer of bytes with some special tokens."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers

    words = dict.fromkeys([*special, *sorted(pre_tokenizers.ByteLevel.alphabet()), "ĠY", "es"])
    vocabulary = {token: number for number, token in enumerate(words)}
    found = Tokenizer(models.BPE(vocab=vocabulary, merges=[("Ġ", "Y"), ("e", "s")]))
    found.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    found.decoder = decoders.ByteLevel()
    found.add_special_tokens(special)
    return found


def kit(template: str, stops: tuple[str, ...], **changed: Any) -> Kit:
    """The kit of a template over bytes and the special tokens that are written in it."""
    named = set(re.findall(r"<\|[A-Za-z_]+\|>|<[a-z]+_of_[a-z]+>|<(?:bos|eos)>", template))
    tokenizer = byte_tokenizer(sorted(named | {"<bos>", "<eos>"}))
    known = (tokenizer.token_to_id(one) for one in stops)
    values: dict[str, Any] = {
        "tokenizer": tokenizer.to_str().encode(),
        "template": template,
        "serving": template,
        "variables": (("bos_token", "<bos>"), ("eos_token", "<eos>")),
        "stops": tuple(one for one in known if one is not None),
        "limit": None,
        "marked": True,
        "whole": False,
    }
    values |= changed
    return Kit(**values, digest=str(hash((template, stops, *map(repr, changed.items())))))


def mask(of: Kit, turns: list[dict[str, Any]]) -> Mask:
    return unpacked(masks_of(of, [orjson.dumps(turns)]))
