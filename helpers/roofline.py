"""What training has to compute, and what this machine can compute.

Source of the roofline: Williams, Waterman & Patterson, CACM 52 (4), 2009.
"""

import time
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


def training_bytes(model: PreTrainedModel) -> int:
    """Count the bytes of parameters that a training step moves, activations left out.

    Each is read forward and backward, 8 bytes. For a trained one the gradient is written, and
    AdamW reads four numbers and writes three: 32 bytes more. All are float32.

    Args:
        model: any model.
    """
    trained = sum(p.numel() for p in model.parameters() if p.requires_grad)
    return 8 * sum(p.numel() for p in model.parameters()) + 32 * trained


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


def _least_seconds(work: Callable[[], object], repeats: int = 9) -> float:
    work()
    durations = []
    for _ in range(repeats):
        start = time.perf_counter()
        work()
        durations.append(time.perf_counter() - start)
    # What else the machine does can only add to the time.
    return min(durations)
