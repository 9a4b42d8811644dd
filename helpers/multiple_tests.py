"""What a small p is worth when many things were tried."""

from collections.abc import Sequence

import numpy as np


def holm_adjusted(p_values: Sequence[float]) -> list[float]:
    """Correct p-values for their number, after Holm.

    If none of the things tried has an effect, the chance that one or more corrected p falls below
    0.05 is at most 5 %, however the tests depend on each other.

    Args:
        p_values: one for each thing that was tried, failures included.

    Returns:
        The corrected p-values, in the same order.

    Source: Holm, A Simple Sequentially Rejective Multiple Test Procedure, 1979.

    Taught in 13, cell `holm`.
    """
    order = np.argsort(p_values)
    factors = len(p_values) - np.arange(len(p_values))
    adjusted = np.maximum.accumulate(np.asarray(p_values)[order] * factors).clip(max=1)
    return [float(adjusted[place]) for place in np.argsort(order)]
