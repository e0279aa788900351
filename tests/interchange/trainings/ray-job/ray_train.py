"""`tuned` of a.ftspec (sha256 8ba8d5e4cffbd726), written by ftdsl.

On a cluster without Kubernetes: ray job submit --working-dir . --runtime-env ray-packages.yaml \
    -- python ray_train.py
Without GPUs: python ray_train.py --use_cpu
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
    sys.argv = ["trl", "--config", "train.yaml", *MORE]
    runpy.run_module("trl.scripts.sft", run_name="__main__")


if __name__ == "__main__":
    TorchTrainer(
        work,
        scaling_config=ScalingConfig(num_workers=2, use_gpu="--use_cpu" not in MORE),
        run_config=RunConfig(name="tuned"),
    ).fit()
