"""What training has to compute, and what this machine can compute.

Source of the roofline: Williams, Waterman & Patterson, CACM 52 (4), 2009.
"""

import timeit
from collections.abc import Callable

import torch
from transformers import PreTrainedModel


def encoder_parameters(model: PreTrainedModel, *, trained_only: bool = False) -> int:
    """Count the parameters of the encoder's layers, embeddings and head left out.

    Args:
        model: a classifier on a BERT-like encoder.
        trained_only: leave out the frozen ones too.
    """
    parameters = model.base_model.encoder.parameters()
    return sum(p.numel() for p in parameters if p.requires_grad or not trained_only)


def forward_operations(model: PreTrainedModel, tokens: int) -> int:
    """Count the floating-point operations of a forward pass: two for each parameter and token.

    The products of attention scores, a small part for short texts, are left out.

    Args:
        model: a classifier on a BERT-like encoder.
        tokens: how many tokens pass through the model.

    Source: Kaplan et al., Scaling Laws for Neural Language Models, 2020, section 2.1.
    """
    return 2 * encoder_parameters(model) * tokens


def training_operations(model: PreTrainedModel, tokens: int) -> int:
    """Count the operations of a training step: forward, and twice as much backward.

    That is six for each parameter and token. Backward stops at frozen layers.

    Args:
        model: a classifier on a BERT-like encoder.
        tokens: how many tokens pass through the model.

    Source: Kaplan et al., Scaling Laws for Neural Language Models, 2020, section 2.1.
    """
    backward = 4 * encoder_parameters(model, trained_only=True) * tokens
    return forward_operations(model, tokens) + backward


def attention_operations(model: PreTrainedModel, tokens: int, length: int) -> int:
    """Count what `training_operations` leaves out: the products of the attention scores.

    Each token is multiplied with every token of its text, twice, in each layer: four operations
    for each of the layer's width, and twice as many backward. Backward stops at frozen layers.

    Args:
        model: a classifier on a BERT-like encoder.
        tokens: how many tokens pass through the model.
        length: how many tokens a text has, padding included.
    """
    encoder = model.base_model
    layers = encoder.encoder.layer
    trained = [any(p.requires_grad for p in layer.parameters()) for layer in layers]
    passes = len(layers) + 2 * sum(trained)
    return 4 * passes * encoder.config.hidden_size * length * tokens


def training_bytes(model: PreTrainedModel) -> int:
    """Count the bytes of parameters that a training step moves, activations left out.

    All are float32, 4 bytes. A parameter is read forward; a trained one is read backward too. Of
    the embeddings only the rows of the batch's tokens are read, which are left out. The gradient
    of a trained parameter, of every row of the embeddings, is written; clipping reads it twice
    and writes it; AdamW reads four numbers and writes three.

    Args:
        model: a classifier on a BERT-like encoder.
    """
    looked_up = {id(parameter) for parameter in model.base_model.embeddings.parameters()}
    moved = 0
    for parameter in model.parameters():
        reads = 0 if id(parameter) in looked_up else 1 + parameter.requires_grad
        updates = (1 + 3 + 7) * parameter.requires_grad
        moved += 4 * (reads + updates) * parameter.numel()
    return moved


def measure_peak_gflops(
    width: int, inner_width: int, dtype: torch.dtype = torch.float32, tokens: int = 1024
) -> float:
    """Measure how fast this CPU multiplies matrices of a BERT layer's shapes.

    Args:
        width: the model's hidden size.
        inner_width: the width of its feed-forward layer.
        dtype: the precision of the products.
        tokens: the rows of the left matrix.

    Returns:
        Billions of operations a second: the most that any of the shapes reached.
    """
    best = 0.0
    for inputs, outputs in ((width, width), (width, inner_width), (inner_width, width)):
        left = torch.ones(tokens, inputs, dtype=dtype)
        right = torch.ones(inputs, outputs, dtype=dtype)
        seconds = _least_seconds(lambda a=left, b=right: a @ b)
        best = max(best, 2 * tokens * inputs * outputs / seconds / 1e9)
    return best


def measure_bandwidth() -> float:
    """Measure how fast this CPU copies memory too large for its caches.

    Returns:
        Billions of bytes a second, read and written together.
    """
    source = torch.ones(2**26)
    target = torch.empty_like(source)
    return 2 * source.nbytes / _least_seconds(lambda: target.copy_(source)) / 1e9


def _least_seconds(work: Callable[[], object]) -> float:
    work()
    # What else the machine does can only add to the time.
    return min(timeit.repeat(work, number=1, repeat=9))
