"""A learning rate for each depth of the model: high in the new head, low near the words."""

from transformers import PreTrainedModel

from helpers.pooling import MeanPooledClassifier


def layer_rates(
    model: PreTrainedModel | MeanPooledClassifier, rate: float, head_rate: float, decay: float
) -> list[dict[str, object]]:
    """Return the parameter groups of an optimizer, with a learning rate that falls with depth.

    Args:
        model: a classifier on a BERT-like encoder.
        rate: the learning rate of the top layer and of the pooler.
        head_rate: that of the head.
        decay: each layer further down has the rate above it times this; so have the embeddings.

    Returns:
        One group for the head, one for each layer from the top down, and one for the embeddings.

    Source: Howard & Ruder, ULMFiT, ACL 2018, section 3.2.

    Taught in 13, cell `layer-rates`.
    """
    encoder = model.base_model
    top_down = [*reversed(encoder.encoder.layer), encoder.embeddings]
    groups = [{"params": list(model.classifier.parameters()), "lr": head_rate}]
    for depth, part in enumerate(top_down):
        groups.append({"params": list(part.parameters()), "lr": rate * decay**depth})
    if encoder.pooler is not None:
        groups[1]["params"] += list(encoder.pooler.parameters())
    return groups
