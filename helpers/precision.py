"""The number format in which this machine computes fastest."""

import torch

# The names that `torch.cpu.get_capabilities` has for units that multiply bfloat16 matrices.
BFLOAT16_UNITS = ("avx512_bf16", "amx_bf16")


def cpu_has_bfloat16_units() -> bool:
    """Return whether this CPU multiplies bfloat16 matrices in hardware.

    Without such units PyTorch emulates them, many times slower than float32.
    """
    capabilities = torch.cpu.get_capabilities()
    return any(capabilities.get(name, False) for name in BFLOAT16_UNITS)


def fast_precision() -> str:
    """Return `bfloat16` or `float16` where this machine has units for it, else `float32`."""
    if torch.cuda.is_available():
        # Emulation would be slower than float16, which every suitable GPU has.
        if torch.cuda.is_bf16_supported(including_emulation=False):
            return "bfloat16"
        return "float16"
    return "bfloat16" if cpu_has_bfloat16_units() else "float32"
