"""A training loop without `Trainer`: what its own work costs, and batches that it cannot make."""

import time
from collections.abc import Iterable, Sequence

import torch
from datasets import Dataset
from transformers import PreTrainedModel, PreTrainedTokenizerBase, TrainingArguments


def train_bare(
    model: PreTrainedModel,
    arguments: TrainingArguments,
    rows: Dataset,
    batches: Iterable[Sequence[int]],
    tokenizer: PreTrainedTokenizerBase,
) -> float:
    """Train on batches as `Trainer` does, at one learning rate.

    Args:
        model: what is trained; it is changed.
        arguments: whose learning rate and precision are taken.
        rows: tokenized texts with labels.
        batches: the numbers of the rows of each batch.
        tokenizer: pads each batch.

    Returns:
        The seconds of all steps but the first, which also sets things up.
    """
    trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
    rate, decay = arguments.learning_rate, arguments.weight_decay
    optimizer = torch.optim.AdamW(trained, lr=rate, weight_decay=decay, fused=True)
    model.train()
    ends = []
    for numbers in batches:
        chosen = rows[list(numbers)]
        names = ("input_ids", "attention_mask")
        batch = tokenizer.pad({name: chosen[name] for name in names}, return_tensors="pt")
        with torch.autocast("cpu", torch.bfloat16, enabled=arguments.bf16):
            loss = model(**batch, labels=torch.tensor(chosen["label"])).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(trained, arguments.max_grad_norm)
        optimizer.step()
        optimizer.zero_grad()
        ends.append(time.perf_counter())
    return ends[-1] - ends[0]


def batches_by_rows(lengths: Sequence[int], size: int) -> list[range]:
    """Cut rows that are sorted by length into batches of `size` rows."""
    return [range(start, min(start + size, len(lengths))) for start in range(0, len(lengths), size)]


def batches_by_tokens(lengths: Sequence[int], limit: int) -> list[range]:
    """Cut rows that are sorted by length, longest first, into batches of at most `limit` tokens.

    A row that is longer than that is a batch of its own.
    """
    batches, start = [], 0
    while start < len(lengths):
        end = min(start + max(1, limit // lengths[start]), len(lengths))
        batches.append(range(start, end))
        start = end
    return batches
