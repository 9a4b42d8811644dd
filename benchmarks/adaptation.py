"""Adapt the encoder to texts without labels: it learns to guess masked words of these reviews."""

import json
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import torch
import transformers
from datasets import Dataset, concatenate_datasets
from transformers import (
    AutoModelForMaskedLM,
    AutoTokenizer,
    DataCollatorForLanguageModeling,
    PreTrainedModel,
    Trainer,
    set_seed,
)

from helpers.files import write_whole
from helpers.sampling import SEED
from helpers.sources import Source
from helpers.training import training_arguments

EPOCHS, RATE, BATCH_SIZE = 3, 1e-4, 32
MASKED_SHARE = 0.15


class MaskedWords(torch.nn.Module):
    """Guess the masked words; words that are not masked cost no row of 30,522 logits."""

    def __init__(self, model: PreTrainedModel) -> None:
        """Take the encoder and the head of a masked language model."""
        super().__init__()
        self.encoder, self.head = model.base_model, model.cls

    def forward(
        self, input_ids: torch.Tensor, attention_mask: torch.Tensor, labels: torch.Tensor
    ) -> dict[str, torch.Tensor]:
        """Return the loss; labels are -100 where nothing was masked."""
        masked = labels != -100
        logits = self.head(self.encoder(input_ids, attention_mask).last_hidden_state[masked])
        return {"loss": torch.nn.functional.cross_entropy(logits.float(), labels[masked])}


def adapt_encoder(
    source: Source, splits: Sequence[Dataset], build: Path, precision: str
) -> tuple[Path, float, float]:
    """Train the encoder on masked words, or find it trained before.

    The weights have no head that guesses words: it begins at random, on top of the word
    embeddings.

    Args:
        source: where the pretrained encoder is.
        splits: the tokenized texts; their labels are not used.
        build: the folder for the result.
        precision: `float32` or `bfloat16`.

    Returns:
        The folder of the adapted encoder, the seconds it took, and the CPU seconds.
    """
    folder = build / f"adapted-{precision}"
    record = folder / "taken.json"
    if record.exists():
        return folder, *json.loads(record.read_text(encoding="utf-8"))
    tokenizer = AutoTokenizer.from_pretrained(source.model)
    set_seed(SEED)
    model = AutoModelForMaskedLM.from_pretrained(source.model)
    bf16 = precision == "bfloat16"
    if bf16:
        model.set_attn_implementation("eager")
    columns = ["input_ids", "attention_mask"]
    rows = concatenate_datasets([split.select_columns(columns) for split in splits])
    changes = {"num_train_epochs": EPOCHS, "learning_rate": RATE, "eval_strategy": "no"}
    changes |= {"per_device_train_batch_size": BATCH_SIZE, "bf16": bf16, "disable_tqdm": True}
    start, cpu_start = time.perf_counter(), time.process_time()
    with tempfile.TemporaryDirectory() as scratch:
        trainer = Trainer(
            MaskedWords(model),
            training_arguments(source, scratch, **changes),
            train_dataset=rows,
            data_collator=DataCollatorForLanguageModeling(
                tokenizer, mlm_probability=MASKED_SHARE, seed=SEED
            ),
        )
        trainer.remove_callback(transformers.PrinterCallback)
        trainer.train()
    taken = time.perf_counter() - start, time.process_time() - cpu_start
    model.base_model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    losses = [entry["loss"] for entry in trainer.state.log_history if "loss" in entry]
    write_whole(folder / "losses.json", json.dumps(losses))
    write_whole(record, json.dumps(taken))
    return folder, *taken
