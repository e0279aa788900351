"""Codes of what is looked at before a training."""

from __future__ import annotations

from ftdsl.diagnostics.codes.code import Code

_CHECK = "ftdsl train specs/quickstart.ftspec tool_caller --check"
_HOSTED = "ftdsl train specs/hosted.ftspec support_api --check"
_TEMPLATE = "specs/data/quickstart/plain.jinja"
_RESTORED = f"git checkout -- {_TEMPLATE}\n{_CHECK}"
_SPEC = f"git checkout -- specs/quickstart.ftspec\n{_CHECK}"

CODES: tuple[Code, ...] = (
    Code(
        "FT621",
        "nothing-trained",
        "a row has no token left to learn",
        "Its whole answer lies beyond `max_length`, or it is the first token, which nothing "
        "predicts. Trainers learn nothing of such rows and say nothing, or a loss of 0. Each row "
        "is named; `max_untrained` states which share of them is fine.",
        f"sed -i 's/max_length = 96/max_length = 32/' specs/quickstart.ftspec\n{_CHECK}",
        _SPEC,
        "run",
    ),
    Code(
        "FT622",
        "mask-differs",
        "the tokens that are learned are not what the assistant says",
        "The learned tokens of each row are decoded and compared with the text of the answer, and "
        "the tokens before them with those of the prompt that a server would send. A mark in the "
        "wrong place teaches the prompt or leaves out a part of the answer. A generation prompt "
        "that ends in a space or a letter joins with the first letters of the answer to one token "
        "that is never asked for: the loss falls and the answers are garbage.",
        f"sed -i 's/% generation %}}{{{{/% generation %}}>{{{{/' {_TEMPLATE}\n"
        f"sed -i \"s/Assistant:.n'/Assistant: '/g\" {_TEMPLATE}\n{_CHECK}",
        _RESTORED,
        "run",
    ),
    Code(
        "FT623",
        "stop-token",
        "an answer does not end in a token that a server stops at",
        "What a server stops at stands in generation_config.json, else in config.json, else with "
        "the tokenizer; in a GGUF file it is in the header, and llama.cpp knows some more by "
        "name. A model that was taught another end, or none, goes on talking. ChatML over a "
        "vocabulary that has no `<|im_end|>` is the usual case.",
        f"sed -i 's/ + eos_token//' {_TEMPLATE}\n{_CHECK}",
        _RESTORED,
        "run",
    ),
    Code(
        "FT624",
        "serving-differs",
        "a server makes another prompt than the training",
        "For each row the prompt before its last answer is rendered as a server does, start of the "
        "answer included, and compared with what training reads there. One blank or one token of "
        "difference costs quality that no loss curve shows.",
        f"sed 's/Assistant:/Bot:/g' {_TEMPLATE} > specs/data/other.jinja\n"
        "sed -i 's|scheduler = cosine|& serving_template = \"data/other.jinja\"|' "
        f"specs/quickstart.ftspec\n{_CHECK}",
        _SPEC,
        "run",
    ),
    Code(
        "FT625",
        "rows-over-length",
        "rows are longer than `max_length`",
        "Local trainers cut them: a row loses its end, and with it the end token. The count is a "
        "warning, and an error over the share that `max_cut` states.",
        f"sed -i 's/max_length = 96/max_length = 64/' specs/quickstart.ftspec\n{_CHECK}",
        _SPEC,
        "run",
    ),
    Code(
        "FT626",
        "validation-leaks",
        "validation rows are learned from as well",
        "A loss over rows that the model learns from falls whatever it learns. Rows are compared "
        "without regard to width, case and white space. A whole row in both splits is an error; a "
        "prompt in both, with different answers, is a warning. `dedup` finds near duplicates "
        "too.",
        f"sed -i 's/tools.watch/tools.train/' specs/quickstart.ftspec\n{_CHECK}",
        _SPEC,
        "run",
    ),
    Code(
        "FT627",
        "too-few-rows",
        "a split has too few rows",
        "Fewer than 10 rows to learn from are refused, as OpenAI does; its guide saw gains from 50 "
        "rows on, and a loss over fewer than 30 rows jumps about: both are warnings.",
        f"sed -i 's/92%, watch: 8%/1%, watch: 99%/' specs/quickstart.ftspec\n{_CHECK}",
        _SPEC,
        "run",
    ),
    Code(
        "FT628",
        "model-ends",
        "the model that a training starts from ends soon, or has ended",
        "A dated table of the package holds the days on which hosts stop to train and to serve "
        "models, each with its source; `available_until` of a `model` block comes first. A day in "
        "the past is an error, one within 180 days a warning. Every plan says it.",
        f"sed -i '/base_url/d' specs/hosted.ftspec\n{_HOSTED}",
        f"git checkout -- specs/hosted.ftspec\n{_HOSTED}",
        "run",
    ),
    Code(
        "FT629",
        "licence",
        "nobody states the base's licence, or it forbids commercial use",
        "What is trained from a model is under that model's terms. The licence is that of the "
        "declared model, else that of the folder's model card; a dated table holds what the usual "
        "ones ask.",
        f"sed -i 's/base = base/base = \"models\\/unknown\"/' specs/quickstart.ftspec\n{_CHECK}",
        _SPEC,
        "run",
    ),
    Code(
        "FT690",
        "row-unrendered",
        "the chat template makes no text of a row",
        "Templates refuse turns that do not alternate, roles that they do not know, and tools. "
        "The trainer would end at that row, after it has loaded the weights.",
        f"sed -i \"1s/^/{{{{ raise_exception('no') }}}}/\" {_TEMPLATE}\n{_CHECK}",
        _RESTORED,
        "run",
    ),
    Code(
        "FT691",
        "no-tokenizer",
        "the base's tokenizer cannot be read",
        "A folder holds tokenizer.json, or what transformers makes one of; a GGUF file holds its "
        "own. It is read once and kept in the output folder's cache. No code of a model repository "
        "is run.",
        "rm models/small/tokenizer.json\nftdsl train specs/support.ftspec small --check",
        "git checkout -- models/small\nftdsl train specs/support.ftspec small --check",
        "run",
    ),
    Code(
        "FT692",
        "no-batch-fits",
        "not one row at a time fits into the memory that is free",
        "`batch_size = auto` takes the largest part of 8 times `accumulation` rows whose estimate "
        "leaves three tenths of the free memory, and accumulates the rest. Where one row is too "
        "much there is nothing to choose.",
        "sed -i 's/batch_size = 8/batch_size = auto/' specs/quickstart.ftspec\n"
        f"ulimit -v 3000000\n{_CHECK}",
        _SPEC,
        "run",
    ),
)
