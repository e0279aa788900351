"""Many texts masked together are masked as one by one."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from ftdsl.privacy.masking import masked, masked_all

DELICATE = [
    "ann.smith@brandtwerke.de",
    "+49 151 234 56789",
    "4111 1111 1111 1111",
    "sk-proj-Zx81hTqvB7mR2pLw9KdYf4Ns6GcJe3Ua0XoQiVtB",
    "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj",
    "10.1.2.3",
    "plain words",
    "a\nb",
    "été 12",
    "",
]
texts = st.lists(st.sampled_from(DELICATE), max_size=4).map(" ".join)


@given(st.lists(texts, max_size=8), st.integers(0, 90))
@settings(max_examples=80, deadline=None)
def test_together_as_one_by_one(some: list[str], limit: int) -> None:
    assert masked_all(some, limit) == [masked(text, limit) for text in some]
