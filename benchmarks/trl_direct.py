"""What a user of TRL writes for the training that ``benchmarks.training`` compares with ftdsl's.

``python -m benchmarks.trl_direct FOLDER``: base/, rows.jsonl and held.jsonl in, direct/ out.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from benchmarks.training import SETTINGS


def main(folder: Path) -> None:
    """Train as the settings say, without ftdsl."""
    import torch
    from datasets import load_dataset
    from peft import LoraConfig
    from transformers import AutoModelForCausalLM, AutoTokenizer
    from trl import SFTConfig, SFTTrainer

    chosen = SETTINGS
    torch.set_num_threads(1)
    files = {"train": str(folder / "rows.jsonl"), "held": str(folder / "held.jsonl")}
    rows = load_dataset("json", data_files=files, cache_dir=str(folder / "direct" / "cache"))
    model = AutoModelForCausalLM.from_pretrained(
        str(folder / "base"), dtype=torch.float32, use_safetensors=True
    )
    trainer = SFTTrainer(
        model=model,
        args=SFTConfig(
            output_dir=str(folder / "direct" / "checkpoints"),
            max_steps=chosen["max_steps"],
            per_device_train_batch_size=chosen["batch_size"],
            per_device_eval_batch_size=chosen["batch_size"],
            learning_rate=chosen["learning_rate"],
            lr_scheduler_type=chosen["scheduler"],
            max_length=chosen["max_length"],
            assistant_only_loss=True,
            seed=chosen["seed"],
            data_seed=chosen["seed"],
            logging_steps=chosen["log_every"],
            eval_strategy="steps",
            eval_steps=chosen["eval_every"],
            eval_on_start=True,
            save_strategy="steps",
            save_steps=chosen["save_every"],
            save_total_limit=2,
            optim="adamw_torch",
            use_cpu=True,
            bf16=False,
            report_to=[],
            disable_tqdm=True,
            dataloader_pin_memory=False,
        ),
        train_dataset=rows["train"],
        eval_dataset=rows["held"],
        processing_class=AutoTokenizer.from_pretrained(str(folder / "base")),
        peft_config=LoraConfig(
            r=chosen["adapter.rank"],
            lora_alpha=chosen["adapter.alpha"],
            lora_dropout=0.0,
            target_modules="all-linear",
            task_type="CAUSAL_LM",
        ),
    )
    trainer.train()
    trainer.model.save_pretrained(str(folder / "direct" / "adapter"))
    losses = [entry["loss"] for entry in trainer.state.log_history if "loss" in entry]
    (folder / "direct" / "losses.json").write_text(json.dumps(losses), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
