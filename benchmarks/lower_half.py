"""The frozen lower half, computed once for all the runs of a command."""

from collections.abc import Iterable
from functools import cache

import torch
from datasets import Dataset
from transformers import PreTrainedModel

from helpers.lower_half import lower_half_outputs, remember_lower_half


@cache
def _known(layers: int) -> dict[tuple[int, ...], torch.Tensor]:
    return {}


def compute_lower_half_once(model: PreTrainedModel, splits: Iterable[Dataset]) -> None:
    """Replace the frozen layers of a model by their outputs; nothing if none are frozen.

    What was computed for an earlier model of the same process is not computed again: all have the
    same pretrained weights.

    Args:
        model: a classifier on a BERT-like encoder, before training; it is changed.
        splits: the tokenized texts that it will be trained on and predict.
    """
    layers = [next(layer.parameters()).requires_grad for layer in model.base_model.encoder.layer]
    frozen = layers.index(True)
    if not frozen:
        return
    known = _known(frozen)
    texts = {tuple(ids) for split in splits for ids in split["input_ids"]} - known.keys()
    new = Dataset.from_dict({"input_ids": [list(text) for text in texts]})
    known |= lower_half_outputs(model, frozen, [new] if texts else [])
    remember_lower_half(model, frozen, known)
