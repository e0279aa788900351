"""Codes of the training family."""

from __future__ import annotations

from ftdsl.diagnostics.codes.code import Code

_TRAIN = "ftdsl train specs/quickstart.ftspec tool_caller"
_HOSTED = "ftdsl train specs/hosted.ftspec support_api"

CODES: tuple[Code, ...] = (
    Code(
        "FT600",
        "no-trainer",
        "the libraries that train are not installed",
        "Training needs torch, transformers, TRL and PEFT, which come with an extra of some "
        "1.5 GB; nothing else of ftdsl needs them. All steps that do not wait for this training "
        "run all the same.",
        f"pip install ftdsl\n{_TRAIN}",
        f"pip install 'ftdsl[train]'\n{_TRAIN}",
        "run",
    ),
    Code(
        "FT601",
        "no-rows-to-train-on",
        "the training rows, or the rows to watch the loss on, are none",
        "What counts are the rows of the split that can be read, fit the schema, have an assistant "
        "turn and were not removed by dedup. Without rows to watch the loss on, nobody sees when "
        "a model begins to learn by heart; `validate = none` with a reason says that this is "
        "meant.",
        f": > specs/data/quickstart/tools.jsonl\n{_TRAIN}",
        f"git checkout -- specs/data/quickstart/tools.jsonl\n{_TRAIN}",
        "run",
    ),
    Code(
        "FT602",
        "no-base-model",
        "the model to train from cannot be used",
        "A base is a declared model with `provider = local`, a .gguf file or a folder of the "
        "project, or a hub id that was downloaded before: a run downloads nothing. A folder needs "
        "config.json and safetensors; pickled weights are never read, and no code of a model "
        "repository is ever run. A GGUF file must be of an architecture that transformers reads.",
        f"sed -i 's/base = base/base = \"no\\/such\"/' specs/quickstart.ftspec\n{_TRAIN}",
        f"git checkout -- specs/quickstart.ftspec\n{_TRAIN}",
        "run",
    ),
    Code(
        "FT603",
        "unusable-template",
        "the chat template is missing, fails, or does not mark the assistant's turns",
        "`assistant_only_loss` learns from what stands between `{% generation %}` and "
        "`{% endgeneration %}`. The end token of a turn belongs inside, else the model never "
        "learns to stop. A generation prompt should not end in a space: the next token would "
        "then begin in another way than it was trained to.",
        "sed -i 's/{% generation %}//' specs/data/quickstart/plain.jinja\n" + _TRAIN,
        f"git checkout -- specs/data/quickstart/plain.jinja\n{_TRAIN}",
        "run",
    ),
    Code(
        "FT604",
        "training-died",
        "the training process ended without a result",
        "Training runs in a process of its own. It was killed (often by the system, when memory "
        "ran out) or met a bug of a library; its last words are in the note. Running again goes "
        "on from the last whole checkpoint, and ends with the same adapter as if nothing had "
        "happened.",
        f"{_TRAIN} &\nsleep 60; kill -9 $(pgrep -n -f ftdsl.training.local.worker)",
        _TRAIN,
        "run",
    ),
    Code(
        "FT605",
        "rows-cut",
        "rows were cut to `max_length`, took no part in training, or not with all they say",
        "A row that is cut loses its end, and with it the end token: a model that sees many of "
        "them does not learn to stop. A row whose whole reply lies beyond `max_length`, or that "
        "has no assistant turn, teaches nothing and is left out. Tools that a row declares beside "
        "its turns are not rendered into it. This is a warning; a rule such as `each must "
        "tokens(row) <= 1k` makes it a finding before anything is trained.",
        f"sed -i 's/max_length = 96/max_length = 32/' specs/quickstart.ftspec\n{_TRAIN}",
        f"git checkout -- specs/quickstart.ftspec\n{_TRAIN}",
        "run",
    ),
    Code(
        "FT606",
        "too-little-memory",
        "training would not fit into the memory that is free",
        "Weights, gradients, the optimizer's moments, what backward needs of each layer and the "
        "logits of a batch are added up before the weights are loaded. The estimate is within "
        "some 30%. Halving `batch_size` and doubling `accumulation` trains the same in less.",
        f"sed -i 's/batch_size = 8/batch_size = 4096/' specs/quickstart.ftspec\n{_TRAIN}",
        f"git checkout -- specs/quickstart.ftspec\n{_TRAIN}",
        "run",
    ),
    Code(
        "FT607",
        "loss-not-finite",
        "the loss became infinite or not a number",
        "What comes after such a step is worthless, so that training ends there, and no "
        "checkpoint of it is kept. Mostly the learning rate is too high.",
        f"sed -i 's/learning_rate = 1e-3/learning_rate = 1.0/' specs/quickstart.ftspec\n{_TRAIN}",
        f"git checkout -- specs/quickstart.ftspec\n{_TRAIN}",
        "run",
    ),
    Code(
        "FT608",
        "disk-full",
        "training ran out of disk space",
        "Unpacking a base model takes four bytes a parameter, once; a checkpoint three times the "
        "adapter. What is whole is kept, and running again goes on from it.",
        f"fallocate -l $(df --output=avail -B1 . | tail -1) ballast\n{_TRAIN}",
        f"rm ballast\n{_TRAIN}",
        "run",
    ),
    Code(
        "FT609",
        "nothing-to-learn",
        "no row of a split has a token to learn from",
        "With `assistant_only_loss`, every token of the assistant lies beyond `max_length`.",
        f"sed -i 's/max_length = 96/max_length = 8/' specs/quickstart.ftspec\n{_TRAIN}",
        f"git checkout -- specs/quickstart.ftspec\n{_TRAIN}",
        "run",
    ),
    Code(
        "FT611",
        "host-closed",
        "the host takes no fine-tuning jobs from this account",
        "OpenAI closed its fine-tuning step by step to accounts that had none, and takes no new "
        "job from anyone after 6 January 2027; other hosts serve the same API. Nothing was made "
        "and nothing is billed. The same block trains here with `target trl` and a `base` whose "
        "weights you have.",
        f"ftdsl emulate openai --port 8123 --closed &\n{_HOSTED}",
        f"ftdsl emulate openai --port 8123 &\n{_HOSTED}",
        "run",
    ),
    Code(
        "FT612",
        "hosted-job-failed",
        "the host's job ended without a model",
        "The host read the rows again and found one that it does not take, or failed by itself. "
        "Where it names a line of the file that was sent, the note says which row of yours that "
        "is. A failed job is not adopted: running again makes another.",
        f"ftdsl emulate openai --port 8123 --refuse weather &\n{_HOSTED}",
        f"ftdsl emulate openai --port 8123 &\n{_HOSTED}",
        "run",
    ),
    Code(
        "FT613",
        "moderated",
        "the host withheld the model for what its rows or its answers say",
        "Hosts look at training rows and at the finished model for harm, and keep the model "
        "back where they find some. The message names the category; a rule with `matches` finds "
        "candidate rows. Data dense with personal data is known to set such checks off by "
        "mistake.",
        f"ftdsl emulate openai --port 8123 --moderate weather &\n{_HOSTED}",
        f"ftdsl emulate openai --port 8123 &\n{_HOSTED}",
        "run",
    ),
    Code(
        "FT614",
        "hosted-quota",
        "the account's quota at the host is used up",
        "The host refuses the job, or stops one, because the account has no credit left. "
        "Waiting does not help. The files that were sent stay there and are not sent again.",
        f"ftdsl emulate openai --port 8123 --quota 10 &\n{_HOSTED}",
        f"ftdsl emulate openai --port 8123 &\n{_HOSTED}",
        "run",
    ),
    Code(
        "FT615",
        "hosted-budget",
        "a hosted training could cost more than its budget, or nobody stated its price",
        "The most that a job can cost is its tokens times its passes at the stated price; "
        "without a tokenizer every byte counts as a token. A job whose price is unknown is not "
        "begun, whatever the budget: prices change, so they are stated in the spec, where a "
        "review sees them.",
        f"sed -i '/base_url/d' specs/hosted.ftspec\n{_HOSTED} --allow-host api.openai.com",
        f"git checkout -- specs/hosted.ftspec\n{_HOSTED}",
        "run",
    ),
    Code(
        "FT616",
        "model-gone",
        "the hosted model is not offered, or not for long",
        "Hosts take models away on dates that they announce, and what was trained from a model "
        "goes with it. A date in the past refuses the training; one within 180 days is a "
        "warning.",
        f"ftdsl emulate openai --port 8123 --model gpt-4.1-mini-2025-04-14=2026-01-01 &\n{_HOSTED}",
        f"ftdsl emulate openai --port 8123 &\n{_HOSTED}",
        "run",
    ),
    Code(
        "FT617",
        "hosted-job-cancelled",
        "the job was cancelled at the host",
        "Somebody cancelled it, with `ftdsl jobs … --cancel` or at the host. Hosts bill what "
        "was trained until then. Running again makes another job.",
        f"{_HOSTED} &\nftdsl jobs specs/hosted.ftspec support_api --cancel",
        _HOSTED,
        "run",
    ),
    Code(
        "FT618",
        "host-failed",
        "the host could not be worked with",
        "It did not answer, or answered with what nobody can read, as often as was tried. A job "
        "that was made is in the host's list under this training's key: the next run finds it "
        "there and goes on with it, so that running again costs nothing twice.",
        f"ftdsl emulate openai --port 8123 --fault list:*:500 &\n{_HOSTED}",
        f"ftdsl emulate openai --port 8123 &\n{_HOSTED}",
        "run",
    ),
    Code(
        "FT619",
        "hosted-job-refused",
        "the host refuses the job as it was asked for",
        "A setting lies outside what this host takes, or a file is too large. The message is "
        "the host's own; nothing was made.",
        "sed -i 's/suffix .*/suffix = \"\"/' specs/hosted.ftspec\n" + _HOSTED,
        "git checkout -- specs/hosted.ftspec\n" + _HOSTED,
        "run",
    ),
    Code(
        "FT620",
        "unusable-grader",
        "the grader of a reinforcement training cannot be used",
        "`grader` names a JSON file of the project with one grader in it, as the API's "
        "reference describes it: string_check, text_similarity, python, score_model, or multi "
        "over several of them.",
        "echo '{}' > specs/grader.json\n"
        "sed -i 's/suffix .*/method = reinforcement grader = \"grader.json\"/' "
        f"specs/hosted.ftspec\n{_HOSTED}",
        f"git checkout -- specs/hosted.ftspec\n{_HOSTED}",
        "run",
    ),
)
