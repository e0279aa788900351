"""Codes of asking models: the host's word, budgets, prices, and times that can be believed."""

from __future__ import annotations

from ftdsl.diagnostics.codes.code import Code

_EVAL = "ftdsl eval specs/support.ftspec golden"
_GATE = "ftdsl gate specs/support.ftspec release"

CODES: tuple[Code, ...] = (
    Code(
        "FT530",
        "certificate-not-trusted",
        "the certificate of a model's host is not trusted",
        "Cases and keys go to no host whose certificate cannot be verified, and there is no option "
        "to do so all the same. Verification uses the authorities that this machine knows, or the "
        "file that `SSL_CERT_FILE` names, such as that of a company's own authority.",
        _EVAL,
        "export SSL_CERT_FILE=/etc/ssl/certs/company.pem\n" + _EVAL,
        "run",
    ),
    Code(
        "FT531",
        "times-of-this-machine",
        "a requirement on times would be decided by the machine that asked",
        "An answer's time ends when its last byte is seen, and a program that is busy with other "
        "answers sees it late. Each answer carries how late that can have been; where a "
        "requirement on `latency` or `first_token` is met without it and not met with it, nothing "
        "is known of the model.",
        "model fast { … concurrency = 512 }\n" + _GATE,
        "model fast { … concurrency = 16 }\n" + _GATE,
        "run",
    ),
    Code(
        "FT532",
        "price-unknown",
        "nobody states what a model costs",
        "A model on this machine, or on the premises, costs nothing; of some hosted ones ftdsl has "
        "a dated price list. For any other the `model` block states what a million tokens cost, "
        "and the dearer of the two counts where both know a price. Without a price no budget can "
        "hold, so nothing is asked.",
        'model m { provider = openai_compatible  base_url = "https://models.example.org/v1"  '
        'name = "m" }',
        'model m { provider = openai_compatible  base_url = "https://models.example.org/v1"  '
        'name = "m"  input_per_1m = $0.40  output_per_1m = $1.60 }',
        "run",
    ),
    Code(
        "FT533",
        "no-budget",
        "a model costs money and the operator has allowed none",
        "A spec names models and can lower what they may cost; only whoever runs it can allow "
        "money to be spent. Before each request its worst case is set aside: every byte of the "
        "prompt a token, and an answer of `max_tokens`.",
        _EVAL,
        _EVAL + " --budget 5",
        "run",
    ),
    Code(
        "FT534",
        "budget-spent",
        "the next request does not fit into a budget any more",
        "What was answered is kept, so that a run with a larger budget asks only for the rest. A "
        "request that failed on the way may have been billed, and counts as such.",
        _EVAL + " --budget 0.01",
        _EVAL + " --budget 5",
        "run",
    ),
    Code(
        "FT535",
        "unusable-picture",
        "a case shows a picture that cannot be sent",
        "Pictures are PNG, JPEG, GIF or WebP files of at most 8 MiB in one folder of the project, "
        "which the eval names, or data URLs in the rows. Nothing is fetched, and no other file of "
        "this machine is sent. Their bytes count like those of the cases: another picture is "
        "another question.",
        'eval golden { … }  # rows: {"type": "image_url", "image_url": {"url": "cat.png"}}',
        'eval golden { … images = "data/images" }  # data/images/cat.png',
        "run",
    ),
    Code(
        "FT536",
        "unusable-request-file",
        "a file that goes with every case is not what it must be",
        "`system_file` is a text, `tools` a JSON list of tools as the API takes them, and "
        "`response_schema` a JSON Schema. All are files of the project.",
        'eval golden { … tools = "tools.json" }  # tools.json: {"name": "look_up"}',
        'eval golden { … tools = "tools.json" }  # tools.json: [{"name": "look_up", …}]',
        "run",
    ),
    Code(
        "FT537",
        "unusable-model-folder",
        "a model folder cannot be run in this process",
        "`provider = transformers` runs a folder of the project: safetensors weights, which hold "
        "numbers and nothing that could be executed, of an architecture that transformers itself "
        "implements. Code that comes with a model is never run, and nothing is downloaded.",
        'model tiny { provider = transformers  path = "models/tiny" }  # with pytorch_model.bin',
        'model tiny { provider = transformers  path = "models/tiny" }  # with model.safetensors',
        "run",
    ),
)
