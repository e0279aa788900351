"""Other harnesses put to the same cases: how each is configured and started.

``FTDSL_BENCH_PEERS`` names a folder with them, made so (Node 22 for promptfoo):

    python -m venv py && py/bin/pip install inspect_ai==0.3.285 openai 'lm-eval[api]==0.4.13'
    npm install --prefix node node@22 promptfoo@0.123.1
"""

from __future__ import annotations

import json
import os
import shlex
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

CONCURRENCY = 32

Command = tuple[list[str], dict[str, str]]


@dataclass(frozen=True, slots=True)
class Peer:
    """``prepare`` writes what it needs into a folder and returns its command and environment, for
    the URL of a server and a number of cases."""

    name: str
    program: Path
    prepare: Callable[[Path, Path, str, int], Command]


def cases(count: int) -> list[dict[str, str]]:
    """Short cases, nine of ten of which want what the loopback server says."""
    wanted = ["left" if i % 10 == 5 else "right" for i in range(count)]
    return [{"prompt": f"Case {i}: say {w}.", "completion": w} for i, w in enumerate(wanted)]


def peers() -> Iterator[Peer]:
    """Those that are installed."""
    folder = os.environ.get("FTDSL_BENCH_PEERS")
    if not folder:
        return
    root = Path(folder)
    for name, program, prepare in (
        ("promptfoo 0.123.1", "node/node_modules/promptfoo/dist/src/main.js", _promptfoo),
        ("inspect_ai 0.3.285", "py/bin/inspect", _inspect),
        ("lm-eval 0.4.13", "py/bin/lm_eval", _lm_eval),
    ):
        if (root / program).exists():
            yield Peer(name, root / program, prepare)


def environment(folder: Path, more: Mapping[str, str]) -> dict[str, str]:
    """A home of its own, and no network but the server's."""
    return {
        "HOME": str(folder),
        "PATH": os.environ["PATH"],
        "HF_HUB_OFFLINE": "1",
        "OPENAI_API_KEY": "none",
        **more,
    }


def _promptfoo(program: Path, folder: Path, url: str, count: int) -> Command:
    config = {
        "prompts": ["{{q}}"],
        "providers": [{"id": "openai:chat:m", "config": {"apiBaseUrl": url, "max_tokens": 256}}],
        "tests": [
            {
                "vars": {"q": one["prompt"]},
                "assert": [{"type": "equals", "value": one["completion"]}],
            }
            for one in cases(count)
        ],
    }
    (folder / "config.json").write_text(json.dumps(config))
    node = program.parents[3] / ".bin" / "node"
    command = [
        str(node), str(program), "eval", "-c", str(folder / "config.json"), "-j", str(CONCURRENCY),
        "--no-cache", "--no-progress-bar", "--no-table", "-o", str(folder / "out.json"),
    ]  # fmt: skip
    switches = {"PROMPTFOO_DISABLE_TELEMETRY": "1", "PROMPTFOO_DISABLE_UPDATE": "1"}
    return command, environment(folder, switches | {"PROMPTFOO_CONFIG_DIR": str(folder / "pf")})


_TASK = """
import json
from inspect_ai import Task, task
from inspect_ai.dataset import Sample
from inspect_ai.scorer import exact
from inspect_ai.solver import generate

@task
def loop():
    rows = [json.loads(line) for line in open({path!r})]
    cases = [Sample(input=row["prompt"], target=row["completion"]) for row in rows]
    return Task(dataset=cases, solver=generate(), scorer=exact())
"""


def _write_cases(folder: Path, count: int) -> Path:
    path = folder / "cases.jsonl"
    path.write_text("".join(json.dumps(one) + "\n" for one in cases(count)))
    return path


def _inspect(program: Path, folder: Path, url: str, count: int) -> Command:
    path = _write_cases(folder, count)
    (folder / "task.py").write_text(_TASK.format(path=str(path)))
    words = [
        str(program), "eval", "task.py", "--model", "openai-api/loop/m",
        "--max-connections", str(CONCURRENCY), "--max-samples", str(CONCURRENCY),
        "--display", "none", "--log-dir", "logs", "--max-tokens", "256",
    ]  # fmt: skip
    # It finds tasks below the working folder alone.
    command = ["/bin/sh", "-c", f"cd {shlex.quote(str(folder))} && exec {shlex.join(words)}"]
    return command, environment(folder, {"LOOP_API_KEY": "none", "LOOP_BASE_URL": url})


def _lm_eval(program: Path, folder: Path, url: str, count: int) -> Command:
    path = _write_cases(folder, count)
    task = {
        "task": "loop",
        "dataset_path": "json",
        "dataset_kwargs": {"data_files": {"test": str(path)}},
        "test_split": "test",
        "output_type": "generate_until",
        "doc_to_text": "{{prompt}}",
        "doc_to_target": "{{completion}}",
        "generation_kwargs": {"until": [], "max_gen_toks": 256},
        "metric_list": [{"metric": "exact_match", "aggregation": "mean", "higher_is_better": True}],
    }
    (folder / "tasks").mkdir()
    (folder / "tasks" / "loop.yaml").write_text(json.dumps(task))  # JSON is YAML
    model = f"model=m,base_url={url}/chat/completions,num_concurrent={CONCURRENCY}"
    command = [
        str(program), "--model", "local-chat-completions", "--apply_chat_template",
        "--model_args", f"{model},tokenized_requests=False,max_retries=1",
        "--tasks", "loop", "--include_path", str(folder / "tasks"),
        "--output_path", str(folder / "out"), "--log_samples",
    ]  # fmt: skip
    return command, environment(folder, {})
