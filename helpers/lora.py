"""LoRA: train two narrow matrices beside a frozen one, instead of the matrix itself."""

import torch
from transformers import PreTrainedModel


class LoRALinear(torch.nn.Module):
    """A frozen linear layer, and beside it a trained path through a few numbers.

    Source: Hu et al., LoRA, ICLR 2022, section 4.1.

    Taught in 13, cell `lora`.
    """

    def __init__(self, linear: torch.nn.Linear, rank: int, alpha: float) -> None:
        """Freeze a layer and put a path beside it, which adds nothing yet.

        Args:
            linear: the layer.
            rank: the width of the path.
            alpha: the path's output is multiplied by `alpha / rank`.
        """
        super().__init__()
        self.linear = linear.requires_grad_(False)
        self.down = torch.nn.Linear(linear.in_features, rank, bias=False)
        self.up = torch.nn.Linear(rank, linear.out_features, bias=False)
        torch.nn.init.zeros_(self.up.weight)
        self.scale = alpha / rank

    def forward(self, hidden: torch.Tensor) -> torch.Tensor:
        """Return the layer's output plus the path's, shape (..., outputs)."""
        return self.linear(hidden) + self.scale * self.up(self.down(hidden))


def add_lora(model: PreTrainedModel, rank: int = 8, alpha: float = 16) -> None:
    """Freeze the encoder, and give query and value of every layer a LoRA path.

    Pooler and head stay trained.

    Args:
        model: a classifier on a BERT encoder; it is changed.
        rank: the width of each path.
        alpha: the path's output is multiplied by `alpha / rank`.

    Taught in 13, cell `lora-add`.
    """
    encoder = model.base_model
    for part in (encoder.embeddings, encoder.encoder):
        part.requires_grad_(False)
    for layer in encoder.encoder.layer:
        attention = layer.attention.self
        attention.query = LoRALinear(attention.query, rank, alpha)
        attention.value = LoRALinear(attention.value, rank, alpha)
