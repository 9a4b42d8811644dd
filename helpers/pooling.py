"""From the outputs for each token to one vector for the text."""

import torch
from transformers import PreTrainedModel


def mean_pool(hidden: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
    """Average the outputs of the real tokens.

    Args:
        hidden: the encoder's outputs, shape (batch, tokens, width).
        attention_mask: 1 for a real token, 0 for padding, shape (batch, tokens).

    Returns:
        Shape (batch, width).

    Source: Reimers & Gurevych, Sentence-BERT, EMNLP 2019, section 3.

    Taught in 13, cell `mean-pooling`.
    """
    mask = attention_mask.unsqueeze(-1)
    return (hidden * mask).sum(dim=1) / mask.sum(dim=1)


class MeanPooledClassifier(torch.nn.Module):
    """A classifier whose head reads the mean of all tokens, not the pooler's output.

    Taught in 13, cell `mean-pooling`.
    """

    def __init__(self, model: PreTrainedModel) -> None:
        """Take the encoder and the head of a classifier on a BERT-like encoder."""
        super().__init__()
        self.base_model, self.classifier = model.base_model, model.classifier

    def forward(
        self,
        input_ids: torch.Tensor,
        attention_mask: torch.Tensor,
        labels: torch.Tensor | None = None,
    ) -> dict[str, torch.Tensor]:
        """Return the logits, shape (batch, outputs); the loss is computed elsewhere."""
        hidden = self.base_model(input_ids, attention_mask).last_hidden_state
        return {"logits": self.classifier(mean_pool(hidden, attention_mask))}
