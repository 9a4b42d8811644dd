"""Measure a training run: seconds, samples and tokens, the padded ones apart."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

from datasets import Dataset
from transformers import (
    BatchEncoding,
    DataCollatorWithPadding,
    PreTrainedModel,
    PreTrainedTokenizerBase,
    PrinterCallback,
    Trainer,
    TrainerCallback,
    TrainingArguments,
)


@dataclass(frozen=True)
class Work:
    """What some batches hold.

    Attributes:
        samples: how many texts.
        real_tokens: how many tokens the texts have.
        tokens: how many are computed: the real ones and the padding.
    """

    samples: int
    real_tokens: int
    tokens: int

    @property
    def padding_share(self) -> float:
        """The share of the computed tokens that is padding."""
        return 1 - self.real_tokens / self.tokens


@dataclass(frozen=True)
class Measurement:
    """Some steps of a training run that were timed, and the epoch that they are part of.

    Attributes:
        timed: what the batches of those steps hold.
        steps: how many they are.
        seconds: how long they took.
        epoch: what the batches of a whole epoch hold.
    """

    timed: Work
    steps: int
    seconds: float
    epoch: Work

    @property
    def epoch_seconds(self) -> float:
        """How long an epoch takes, in proportion to the tokens that are computed."""
        return self.seconds * self.epoch.tokens / self.timed.tokens


class CountingCollator(DataCollatorWithPadding):
    """Pad each batch as `Trainer` does by itself, and count what it holds.

    Attributes:
        batches: what each batch held, in order.
    """

    def __init__(self, tokenizer: PreTrainedTokenizerBase) -> None:
        """Pad with the tokenizer's own padding token."""
        super().__init__(tokenizer)
        self.batches: list[Work] = []

    def __call__(self, features: list[dict]) -> BatchEncoding:
        """Pad and count one batch."""
        batch = super().__call__(features)
        mask = batch["attention_mask"]
        self.batches.append(Work(len(mask), int(mask.sum()), mask.numel()))
        return batch


class _Clock(TrainerCallback):
    """Notes the time at the end of each step."""

    def __init__(self) -> None:
        self.ends: list[float] = []

    def on_step_end(self, *_, **__) -> None:
        self.ends.append(time.perf_counter())


def add_work(batches: Sequence[Work]) -> Work:
    """Add up what several batches hold."""
    return Work(
        sum(batch.samples for batch in batches),
        sum(batch.real_tokens for batch in batches),
        sum(batch.tokens for batch in batches),
    )


def measure_training(
    model: PreTrainedModel,
    arguments: TrainingArguments,
    dataset: Dataset,
    tokenizer: PreTrainedTokenizerBase,
    steps: int,
) -> Measurement:
    """Train for a few steps and time them.

    One step more is done first and not timed: it also sets things up.

    Args:
        model: what is trained; it is changed.
        arguments: how; what they say of epochs, evaluating, logging and saving is left aside.
        dataset: tokenized texts with labels.
        tokenizer: pads each batch.
        steps: how many to time.

    Raises:
        ValueError: if `steps` is not 1 or more.
    """
    if steps < 1:
        raise ValueError(f"{steps} steps were to be timed: pass 1 or more.")
    clock, collator = _Clock(), CountingCollator(tokenizer)
    silent = {"eval_strategy": "no", "logging_strategy": "no", "save_strategy": "no"}
    trainer = Trainer(
        model=model,
        args=replace(arguments, max_steps=steps + 1, disable_tqdm=True, **silent),
        train_dataset=dataset,
        data_collator=collator,
        callbacks=[clock],
    )
    trainer.remove_callback(PrinterCallback)
    trainer.train()
    # The loader reads ahead: what was counted last was not trained on.
    timed = add_work(collator.batches[1 : steps + 1])
    collator.batches = []
    for _ in trainer.get_train_dataloader():
        pass
    seconds = clock.ends[-1] - clock.ends[0]
    return Measurement(timed, steps, seconds, add_work(collator.batches))
