"""A training for TRL on many machines: what SkyPilot, Kubeflow Trainer and Ray are told."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ftdsl.interchange.trainers.asked import Machines
from ftdsl.interchange.trainers.config import scalar
from ftdsl.interchange.trainers.keys import recorded
from ftdsl.interchange.trainers.trl import ACCELERATE, FILE

JOBS = {"skypilot": "task.yaml", "trainjob": "trainjob.yaml", "ray-job": "rayjob.yaml"}
"""The file of each kind of job."""
RAY_SCRIPT, RAY_PACKAGES = "ray_train.py", "ray-packages.yaml"
_RAY_IMAGE = "rayproject/ray:2.60.0-gpu"
_PORT = 29500
_VOLUME, _MOUNTED = "training", "/training"


@dataclass(frozen=True, slots=True)
class Place:
    """What no spec can know of where a job runs. ``gpu`` is the kind of accelerator as SkyPilot
    names it; ``image`` holds TRL; ``claim`` is the volume that the export was copied to."""

    gpu: str = ""
    image: str = ""
    claim: str = ""

    def missing(self, to: str) -> list[str]:
        """The options that a kind of job cannot be written without."""
        needed = {"skypilot": ("gpu",), "trainjob": ("image", "claim"), "ray-job": ("claim",)}
        return [f"--{name}" for name in needed.get(to, ()) if not getattr(self, name)]


def job_files(
    to: str, name: str, command: str, machines: Machines, place: Place, source: str
) -> dict[str, str]:
    """The files of a job that runs ``trl.scripts.COMMAND`` over the files beside them."""
    label = name.replace("_", "-").lower()
    match to:
        case "skypilot":
            found = _skypilot(label, command, machines, place)
        case "trainjob":
            found = _train_job(label, command, machines, place)
        case _:
            found = _ray_job(label, command, machines, place)
    files = {JOBS[to]: f"# {source}\n" + "".join(_block(found, ""))}
    if to == "ray-job":
        files[RAY_SCRIPT] = _ray_script(label, command, machines, source)
        files[RAY_PACKAGES] = f"# {source}\npip: {scalar(packages())}\n"
    return files


def submit_command(to: str) -> str:
    """What hands the job over."""
    return {
        "skypilot": f"sky launch {JOBS['skypilot']}",
        "trainjob": f"kubectl create -f {JOBS['trainjob']}",
        "ray-job": f"kubectl create -f {JOBS['ray-job']}",
    }[to]


def packages() -> list[str]:
    """What a machine needs to have installed, with the versions that the files are for."""
    trl, accelerate = recorded("trl"), recorded("accelerate")
    return [f"trl[peft]{trl.range}", f"accelerate{accelerate.range}"]


def _skypilot(name: str, command: str, machines: Machines, place: Place) -> dict[str, Any]:
    install = " ".join(f"'{one}'" for one in packages())
    run = (
        f"accelerate launch --config_file {ACCELERATE} \\\n"
        "  --num_machines $SKYPILOT_NUM_NODES --machine_rank $SKYPILOT_NODE_RANK \\\n"
        '  --main_process_ip "$(echo "$SKYPILOT_NODE_IPS" | head -n 1)" \\\n'
        f"  --main_process_port {_PORT} \\\n"
        "  --num_processes $((SKYPILOT_NUM_NODES * SKYPILOT_NUM_GPUS_PER_NODE)) \\\n"
        f"  -m trl.scripts.{command} --config {FILE}\n"
    )
    return {
        "name": name,
        "num_nodes": machines.nodes,
        "workdir": ".",
        "resources": {"accelerators": f"{place.gpu}:{machines.processes}"},
        "setup": f"pip install {install}",
        "run": run,
    }


def _train_job(name: str, command: str, machines: Machines, place: Place) -> dict[str, Any]:
    """Kubeflow Trainer v2 sets what torchrun reads (``PET_…``) in the runtime that it ships."""
    run = f"cd {_MOUNTED} && torchrun -m trl.scripts.{command} --config {FILE}"
    pod: dict[str, Any] = {
        "volumes": [_claim(place)],
        "containers": [{"name": "node", "volumeMounts": [_mount()]}],
    }
    patch = {
        "manager": "ftdsl.io/export",
        "trainingRuntimeSpec": {
            "template": {
                "spec": {
                    "replicatedJobs": [
                        {"name": "node", "template": {"spec": {"template": {"spec": pod}}}}
                    ]
                }
            }
        },
    }
    return {
        "apiVersion": "trainer.kubeflow.org/v1alpha1",
        "kind": "TrainJob",
        "metadata": {"name": name},
        "spec": {
            "runtimeRef": {"name": "torch-distributed"},
            "trainer": {
                "image": place.image,
                "command": ["bash", "-c"],
                "args": [run],
                "numNodes": machines.nodes,
                "numProcPerNode": machines.processes,
                "resourcesPerNode": {"limits": {"nvidia.com/gpu": str(machines.processes)}},
            },
            "runtimePatches": [patch],
        },
    }


def _ray_job(name: str, command: str, machines: Machines, place: Place) -> dict[str, Any]:
    del command  # the script knows it
    image = place.image or _RAY_IMAGE

    def pod(container: str, limits: dict[str, str]) -> dict[str, Any]:
        inside: dict[str, Any] = {"name": container, "image": image}
        inside |= {"resources": {"limits": limits}, "volumeMounts": [_mount()]}
        return {"spec": {"containers": [inside], "volumes": [_claim(place)]}}

    each = {"nvidia.com/gpu": str(machines.processes), "cpu": str(4 * machines.processes)}
    return {
        "apiVersion": "ray.io/v1",
        "kind": "RayJob",
        "metadata": {"name": name},
        "spec": {
            "entrypoint": f"python {_MOUNTED}/{RAY_SCRIPT}",
            "shutdownAfterJobFinishes": True,
            "ttlSecondsAfterFinished": 600,
            "runtimeEnvYAML": f"pip: {json.dumps(packages())}\n",
            "rayClusterSpec": {
                "headGroupSpec": {
                    "rayStartParams": {},
                    "template": pod("ray-head", {"cpu": "2", "memory": "8Gi"}),
                },
                "workerGroupSpecs": [
                    {
                        "groupName": "gpu",
                        "replicas": machines.nodes,
                        "minReplicas": machines.nodes,
                        "maxReplicas": machines.nodes,
                        "rayStartParams": {},
                        "template": pod("ray-worker", each),
                    }
                ],
            },
        },
    }


def _ray_script(name: str, command: str, machines: Machines, source: str) -> str:
    return f'''"""{source}

On a cluster without Kubernetes: ray job submit --working-dir . --runtime-env {RAY_PACKAGES} \\
    -- python {RAY_SCRIPT}
Without GPUs: python {RAY_SCRIPT} --use_cpu
"""

import os
import runpy
import sys
from pathlib import Path

from ray.train import RunConfig, ScalingConfig
from ray.train.torch import TorchTrainer

HERE = Path(__file__).resolve().parent
MORE = sys.argv[1:]


def work() -> None:
    """One of the processes: Ray has told torch of the others already."""
    if HERE.is_dir():  # the same folder everywhere, or the copy that `--working-dir` made
        os.chdir(HERE)
    sys.argv = ["trl", "--config", "{FILE}", *MORE]
    runpy.run_module("trl.scripts.{command}", run_name="__main__")


if __name__ == "__main__":
    TorchTrainer(
        work,
        scaling_config=ScalingConfig(num_workers={machines.world}, use_gpu="--use_cpu" not in MORE),
        run_config=RunConfig(name="{name}"),
    ).fit()
'''


def _claim(place: Place) -> dict[str, Any]:
    return {"name": _VOLUME, "persistentVolumeClaim": {"claimName": place.claim}}


def _mount() -> dict[str, str]:
    return {"name": _VOLUME, "mountPath": _MOUNTED}


def _block(values: dict[str, Any], indent: str) -> Iterator[str]:
    for key, value in values.items():
        if isinstance(value, str) and "\n" in value:
            yield f"{indent}{key}: |\n"
            yield from (f"{indent}  {line}\n" for line in value.splitlines())
        elif isinstance(value, dict) and value:
            yield f"{indent}{key}:\n"
            yield from _block(value, indent + "  ")
        elif isinstance(value, list) and value and isinstance(value[0], dict):
            yield f"{indent}{key}:\n"
            for item in value:
                lines = "".join(_block(item, indent + "    "))
                yield f"{indent}  - {lines[len(indent) + 4 :]}"
        else:
            yield f"{indent}{key}: {scalar(value)}\n"
