"""What a trainer's own package says: which keys it takes, and what it makes of a file.

Run by the Python that has the trainer: ``reader.py TOOL keys`` prints the keys of each command,
``reader.py TOOL load FILE`` the values that its own parser found in the file.
"""

from __future__ import annotations

import dataclasses
import enum
import json
import os
import sys
import types
from collections.abc import Iterable
from importlib import import_module, metadata
from pathlib import Path
from typing import Any

os.environ.update(HF_HUB_OFFLINE="1", USE_HF="1", CUDA_VISIBLE_DEVICES="")


def fields_of(*kinds: Any) -> list[str]:
    return sorted(
        {field.name for kind in kinds for field in dataclasses.fields(kind) if field.init}
    )


class Trl:
    package, beside = "trl", "transformers"

    def _kinds(self, command: str) -> tuple[Any, ...]:
        trl = import_module("trl")
        own = {"sft": trl.SFTConfig, "dpo": trl.DPOConfig, "kto": trl.KTOConfig}[command]
        return trl.ScriptArguments, own, trl.ModelConfig, trl.DatasetMixtureConfig

    def keys(self) -> dict[str, list[str]]:
        return {one: fields_of(*self._kinds(one)) for one in ("sft", "dpo", "kto")}

    def load(self, file: str, command: str = "sft") -> dict[str, Any]:
        parser = import_module("trl").TrlParser(self._kinds(command))
        read = parser.parse_args_and_config(
            args=["--config", file, "--use_cpu"], fail_with_unknown_args=True
        )
        return merged(read)


class Accelerate:
    package, beside = "accelerate", ""

    def keys(self) -> dict[str, list[str]]:
        kind = import_module("accelerate.commands.config.config_args").ClusterConfig
        return {"launch": fields_of(kind)}

    def load(self, file: str) -> dict[str, Any]:
        kind = import_module("accelerate.commands.config.config_args").ClusterConfig
        return dataclasses.asdict(kind.from_yaml_file(yaml_file=file))


class Axolotl:
    package, beside = "axolotl", "transformers"

    def keys(self) -> dict[str, list[str]]:
        config = import_module("axolotl.utils.schemas.config").AxolotlInputConfig
        rows = import_module("axolotl.utils.schemas.datasets").SFTDataset
        names = set(config.model_fields)
        for where in ("datasets", "test_datasets"):
            names |= {f"{where}[].{name}" for name in rows.model_fields}
        return {"train": sorted(names)}

    def load(self, file: str) -> dict[str, Any]:
        yaml = import_module("yaml")
        found = import_module("axolotl.utils.dict").DictDefault(
            yaml.safe_load(Path(file).read_text(encoding="utf-8"))
        )
        machine = {
            "bf16": True, "fp8": False, "n_gpu": 1, "n_node": 1, "compute_capability": "sm_90",
            "tf32": True,
        }  # fmt: skip
        validate = import_module("axolotl.utils.config").validate_config
        return dict(validate(found, machine, {"torch_version": "2.13.0"}))


class LlamaFactory:
    package, beside = "llamafactory", "transformers"

    def keys(self) -> dict[str, list[str]]:
        return {"train": fields_of(*import_module("llamafactory.hparams.parser")._TRAIN_ARGS)}

    def load(self, file: str) -> dict[str, Any]:
        sys.argv = ["llamafactory-cli", file, "use_cpu=true"]  # no GPU is here to be found
        parser = import_module("llamafactory.hparams.parser")
        arguments = parser.read_args()
        read = parser._parse_train_args(arguments)
        # The package around it wants torchaudio, and this module does not.
        bare = types.ModuleType("llamafactory.data")
        place = Path(str(import_module("llamafactory").__file__)).parent / "data"
        bare.__path__ = [str(place)]
        sys.modules["llamafactory.data"] = bare
        data = import_module("llamafactory.data.parser")
        names = [name for name in (read[1].dataset, read[1].eval_dataset) if name]
        flat = [one for name in names for one in (name if isinstance(name, list) else [name])]
        sets = data.get_dataset_list(flat, str(Path(file).parent / read[1].dataset_dir))
        return merged(read) | {"datasets": [[one.dataset_name, one.user_tag] for one in sets]}


class MsSwift:
    package, beside = "ms-swift", "transformers"

    def keys(self) -> dict[str, list[str]]:
        return {"sft": fields_of(import_module("swift.arguments").SftArguments)}

    def load(self, file: str) -> dict[str, Any]:
        words = [file]
        import_module("swift.cli.main").parse_yaml_args(words)
        parser = import_module("transformers").HfArgumentParser(
            [import_module("swift.arguments").SftArguments]
        )
        # ``__post_init__`` reads the model itself, which is no part of the question.
        kind = import_module("swift.arguments").SftArguments
        kind.__post_init__ = lambda _: None
        read = parser.parse_args_into_dataclasses(words, return_remaining_strings=True)
        assert not read[-1], f"unknown words: {read[-1]}"
        return merged(read[:1])


class Oumi:
    package, beside = "oumi", "transformers"

    def keys(self) -> dict[str, list[str]]:
        return {"train": sorted(self._of(import_module("oumi.core.configs").TrainingConfig, ""))}

    def _of(self, kind: Any, prefix: str) -> Iterable[str]:
        for field in dataclasses.fields(kind):
            made = field.default_factory
            if dataclasses.is_dataclass(made):
                yield from self._of(made, f"{prefix}{field.name}.")
                continue
            yield prefix + field.name
            if field.name == "datasets":
                params = import_module("oumi.core.configs").DatasetParams
                yield from (f"{prefix}datasets[].{one}" for one in fields_of(params))

    def load(self, file: str) -> dict[str, Any]:
        kind = import_module("oumi.core.configs").TrainingConfig
        read = kind.from_yaml(file)
        read.finalize_and_validate()
        return dict(dotted(dataclasses.asdict(read), ""))


class SkyPilot:
    def load(self, file: str) -> dict[str, Any]:
        """The task's own file again, as its parser writes it."""
        return dict(import_module("sky").Task.from_yaml(file).to_yaml_config())


class TrainJob:
    def load(self, file: str) -> dict[str, Any]:
        yaml = import_module("yaml")
        kind = import_module("kubeflow_trainer_api.models").TrainerV1alpha1TrainJob
        found = kind.from_dict(yaml.safe_load(Path(file).read_text(encoding="utf-8")))
        return dict(stated(found.to_dict()))


def stated(value: Any) -> Any:
    """``value`` without what is not set."""
    if isinstance(value, dict):
        return {key: stated(one) for key, one in value.items() if one is not None}
    return [stated(one) for one in value] if isinstance(value, list) else value


def dotted(values: dict[str, Any], prefix: str) -> Iterable[tuple[str, Any]]:
    for key, value in values.items():
        if isinstance(value, dict) and value:
            yield from dotted(value, f"{prefix}{key}.")
        else:
            yield prefix + key, value


def merged(parts: Iterable[Any]) -> dict[str, Any]:
    """The values of several dataclasses. Later ones win, as they do for the tools."""
    found: dict[str, Any] = {}
    for part in parts:
        found |= {one.name: getattr(part, one.name, None) for one in dataclasses.fields(part)}
    return found


def plain(value: Any) -> Any:
    if isinstance(value, enum.Enum):
        return value.value
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return dataclasses.asdict(value)
    return str(value)


TOOLS: dict[str, Any] = {
    "trl": Trl, "accelerate": Accelerate, "axolotl": Axolotl, "llama-factory": LlamaFactory,
    "ms-swift": MsSwift, "oumi": Oumi, "skypilot": SkyPilot, "trainjob": TrainJob,
}  # fmt: skip

if __name__ == "__main__":
    tool = TOOLS[sys.argv[1]]()
    words = sys.argv[3:]
    if sys.argv[2] == "keys":
        beside = f"{tool.beside} {metadata.version(tool.beside)}" if tool.beside else ""
        said: Any = {
            "version": metadata.version(tool.package), "beside": beside, "commands": tool.keys()
        }  # fmt: skip
    else:
        said = tool.load(*words)
    print("\n" + json.dumps(said, default=plain, sort_keys=True))
