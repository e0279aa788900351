"""The sentence encoder: the real packaged model, its kept vectors, and what it refuses."""

from __future__ import annotations

import shutil
import sqlite3
from importlib import metadata
from pathlib import Path

import numpy as np
import pytest

from ftdsl.embeddings.encoder import Encoder, encoder
from ftdsl.embeddings.kept import KeptVectors
from ftdsl.embeddings.model_files import PACKAGED, model_files
from ftdsl.engine.context import Refused
from tests.dedup.stage import context

TEXTS = [
    "How do I reset my password?",
    "I forgot my password and need a new one.",
    "The recipe calls for two cups of flour.",
    "",
    "  \n",
    "How do I reset my password?",
    "Ein kurzer Satz auf Deutsch. \ud800",
]


@pytest.fixture(scope="module")
def packaged() -> Encoder:
    return Encoder(model_files(PACKAGED, Path()))


def test_meaning_is_nearer_than_words(packaged: Encoder) -> None:
    vectors = packaged.vectors(TEXTS)
    assert vectors.shape == (7, 384) and vectors.dtype == np.float32
    cosine = vectors @ vectors.T
    assert cosine[0, 1] > 0.5 > 0.2 > abs(cosine[0, 2])
    assert cosine[0, 5] == pytest.approx(1, abs=1e-6)
    assert not vectors[3].any() and not vectors[4].any()
    assert np.allclose(np.linalg.norm(vectors[[0, 1, 2, 6]], axis=1), 1, atol=1e-6)


def test_a_vector_depends_on_its_text_alone(packaged: Encoder, tmp_path: Path) -> None:
    whole = packaged.vectors(TEXTS)
    alone = np.concatenate([packaged.vectors([text]) for text in TEXTS])
    assert np.array_equal(whole, alone)
    one_worker = Encoder(packaged.files, workers=1, cache=tmp_path)
    assert np.array_equal(one_worker.vectors(TEXTS[::-1])[::-1], whole)
    assert np.array_equal(one_worker.vectors(TEXTS), whole), "read back as it was made"


def test_vectors_are_made_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[str] = []
    real = Encoder._made

    def counted(self: Encoder, text: str) -> object:
        made.append(text)
        return real(self, text)

    monkeypatch.setattr(Encoder, "_made", counted)
    first = encoder(PACKAGED, context(tmp_path))
    wanted = first.vectors(TEXTS)
    assert len(made) == 1 + 4, "the probe, and each different text that says something"
    second = encoder(PACKAGED, context(tmp_path))
    assert np.array_equal(second.vectors(TEXTS), wanted)
    assert len(made) == 6


def test_damaged_vectors_are_made_anew(packaged: Encoder, tmp_path: Path) -> None:
    kept = KeptVectors(tmp_path)
    kept.put({b"a": b"1234", b"b": b"5678"})
    database = sqlite3.connect(tmp_path / "embeddings.sqlite")
    with database:
        database.execute("update vectors set vector = ? where key = ?", (b"1235", b"a"))
    database.close()
    kept = KeptVectors(tmp_path)
    assert kept.get([b"a", b"b", b"c"]) == {b"b": b"5678"}
    (tmp_path / "embeddings.sqlite").write_bytes(b"no database, whatever its name" * 100)
    begun = Encoder(packaged.files, cache=tmp_path)
    assert np.array_equal(begun.vectors(TEXTS), packaged.vectors(TEXTS))
    assert (tmp_path / "unreadable-embeddings.sqlite").is_file()


def test_long_texts_are_cut_at_the_model_s_length(packaged: Encoder) -> None:
    words = " ".join(f"word{i}" for i in range(400))
    vectors = packaged.vectors([words, words + " and a wholly different end"])
    assert packaged.longest == 128
    assert np.array_equal(vectors[0], vectors[1])


def test_a_folder_of_the_project_is_an_encoder_too(packaged: Encoder, tmp_path: Path) -> None:
    folder = tmp_path / "models" / "own"
    folder.mkdir(parents=True)
    shutil.copy(packaged.files.model, folder / "model.onnx")
    shutil.copy(packaged.files.tokenizer, folder / "tokenizer.json")
    own = Encoder(model_files("models/own", tmp_path))
    assert own.files.digest == packaged.files.digest
    assert np.array_equal(own.vectors(TEXTS[:2]), packaged.vectors(TEXTS[:2]))


@pytest.mark.code("FT436")
@pytest.mark.parametrize(
    ("model", "tokenizer", "told"),
    [
        (None, None, "there is no `model.onnx`"),
        (b"x", None, "there is no `tokenizer.json`"),
        (b"x", b"{", "tokenizer.json cannot be read"),
        (b"x", b"{}", "no `model` with a `vocab`"),
        (b"no model", "real", "model.onnx cannot be read"),
    ],
)
def test_folders_without_an_encoder(
    packaged: Encoder, tmp_path: Path, model: bytes | None, tokenizer: bytes | str, told: str
) -> None:
    if tokenizer == "real":
        tokenizer = packaged.files.tokenizer.read_bytes()
    for name, content in (("model.onnx", model), ("tokenizer.json", tokenizer)):
        if isinstance(content, bytes):
            (tmp_path / name).write_bytes(content)
    with pytest.raises(Refused) as refused:
        Encoder(model_files(".", tmp_path))
    assert refused.value.diagnostic.code == "FT436"
    assert told in refused.value.diagnostic.message


@pytest.mark.code("FT435")
def test_missing_packages_are_told(monkeypatch: pytest.MonkeyPatch, packaged: Encoder) -> None:
    def absent(name: str) -> metadata.Distribution:
        raise metadata.PackageNotFoundError(name)

    with monkeypatch.context() as patch:
        patch.setattr(metadata, "distribution", absent)
        with pytest.raises(Refused) as refused:
            model_files(PACKAGED, Path())
    assert refused.value.diagnostic.code == "FT435"
    assert "ftdsl[embeddings]" in (refused.value.diagnostic.help or "")
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(Refused) as refused:
        Encoder(packaged.files)
    assert refused.value.diagnostic.code == "FT435"


@pytest.mark.code("FT437")
def test_a_changed_package_is_not_used(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("model.onnx", "tokenizer.json"):
        (tmp_path / name).write_bytes(b"other bytes")
    info = tmp_path / "other-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: other\nVersion: 1\n")
    (info / "RECORD").write_text("model.onnx,,\ntokenizer.json,,\n")
    monkeypatch.setattr(metadata, "distribution", lambda _: metadata.PathDistribution(info))
    with pytest.raises(Refused) as refused:
        model_files(PACKAGED, Path())
    assert refused.value.diagnostic.code == "FT437"
