"""The frozen lower part of an encoder, computed once for each text instead of in every step."""

from collections.abc import Iterable

import torch
from datasets import Dataset
from torch.nn.utils.rnn import pad_sequence
from transformers import PreTrainedModel

BATCH_SIZE = 64


class RememberedOutputs(torch.nn.Module):
    """Stands in for the embeddings and the lowest layers: it looks their outputs up."""

    def __init__(self, outputs: dict[tuple[int, ...], torch.Tensor], padding_id: int) -> None:
        """Take the outputs.

        Args:
            outputs: for the token ids of each text a tensor of shape (tokens, width).
            padding_id: the id of the padding token.
        """
        super().__init__()
        self.outputs, self.padding_id = outputs, padding_id

    def forward(self, input_ids: torch.Tensor, **ignored: object) -> torch.Tensor:
        """Return the outputs for a batch of token ids, zeros for padding: the mask hides them."""
        texts = [row[row != self.padding_id].tolist() for row in input_ids]
        found = pad_sequence([self.outputs[tuple(ids)] for ids in texts], batch_first=True)
        return found.to(input_ids.device)


def lower_half_outputs(
    model: PreTrainedModel, layers: int, splits: Iterable[Dataset]
) -> dict[tuple[int, ...], torch.Tensor]:
    """Compute what the embeddings and the lowest layers give each text, in float32.

    Args:
        model: a classifier on a BERT-like encoder, as it was pretrained.
        layers: how many layers, counted from the embeddings.
        splits: the tokenized texts.

    Returns:
        For the token ids of each text a tensor of shape (tokens, width).

    Taught in 09, cell `lower-half`.
    """
    encoder, outputs = model.base_model, {}
    all_layers = encoder.encoder.layer
    encoder.encoder.layer = all_layers[:layers]
    for split in splits:
        rows = sorted(map(tuple, split["input_ids"]), key=len)
        for start in range(0, len(rows), BATCH_SIZE):
            batch = rows[start : start + BATCH_SIZE]
            ids = pad_sequence([torch.tensor(row) for row in batch], batch_first=True)
            lengths = torch.tensor([len(row) for row in batch])
            mask = (torch.arange(ids.shape[1]) < lengths[:, None]).long()
            with torch.no_grad():
                found = encoder(ids, mask).last_hidden_state
            outputs |= {row: hidden[: len(row)] for row, hidden in zip(batch, found, strict=True)}
    encoder.encoder.layer = all_layers
    return outputs


def remember_lower_half(
    model: PreTrainedModel, layers: int, outputs: dict[tuple[int, ...], torch.Tensor]
) -> None:
    """Replace the frozen lower part of the encoder by what it was found to give each text.

    Only the texts that were computed can be trained on and predicted afterwards.

    Args:
        model: a classifier on a BERT-like encoder; it is changed.
        layers: how many layers `outputs` went through.
        outputs: what `lower_half_outputs` returned.

    Taught in 09, cell `lower-half`.
    """
    encoder = model.base_model
    encoder.embeddings = RememberedOutputs(outputs, model.config.pad_token_id)
    encoder.encoder.layer = encoder.encoder.layer[layers:]
