"""The last layer of an encoder, computed only for the token that the head reads."""

import torch
from transformers import PreTrainedModel


class FirstTokenLayer(torch.nn.Module):
    """A BERT layer that gives its output for the first token only.

    Keys and values are needed of every token. The query, attention's output and the feed-forward
    part are ten twelfths of the layer's parameters, and are computed for one token of each text.
    """

    def __init__(self, layer: torch.nn.Module) -> None:
        """Take the layer; its weights stay the same."""
        super().__init__()
        self.layer = layer

    def forward(
        self, hidden: torch.Tensor, attention_mask: torch.Tensor | None = None, *_, **__
    ) -> torch.Tensor:
        """Return the output for the first token, of shape (batch, 1, width)."""
        attention, first = self.layer.attention.self, hidden[:, :1]
        shape = (len(hidden), -1, attention.num_attention_heads, attention.attention_head_size)
        inputs = {attention.query: first, attention.key: hidden, attention.value: hidden}
        query, key, value = (part(x).view(shape).transpose(1, 2) for part, x in inputs.items())
        found = torch.nn.functional.scaled_dot_product_attention(
            query,
            key,
            value,
            None if attention_mask is None else attention_mask[:, :, :1],
            dropout_p=attention.dropout.p if self.training else 0.0,
        )
        attended = self.layer.attention.output(found.transpose(1, 2).flatten(2), first)
        return self.layer.feed_forward_chunk(attended)


def compute_first_token_only(model: PreTrainedModel) -> None:
    """Let the last layer compute only what the head reads: logits and gradients stay the same.

    Args:
        model: a BERT classifier, whose head reads the first token; it is changed.
    """
    layers = model.base_model.encoder.layer
    layers[-1] = FirstTokenLayer(layers[-1])
