"""Let nbval compare plots too: their alt texts to the letter, and what they look like."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence

import numpy as np
from nbval.plugin import IPyNbCell
from PIL import Image

PICTURE = "image/png"
# A picture is compared in blocks of so many pixels, by how dark each is on average, from 0 to 255:
# another machine draws the edge of a line a little darker, and not a line elsewhere.
BLOCK, MOST = 20, 12.0


def darkness(picture: str) -> np.ndarray:
    """Return how dark each block of a picture is.

    Args:
        picture: a PNG in base64.
    """
    pixels = np.asarray(Image.open(io.BytesIO(base64.b64decode(picture))).convert("L"), dtype=float)
    height, width = (size // BLOCK * BLOCK for size in pixels.shape)
    blocks = pixels[:height, :width].reshape(height // BLOCK, BLOCK, width // BLOCK, BLOCK)
    return blocks.mean(axis=(1, 3))


def look_alike(first: str, second: str) -> bool:
    """Say whether two pictures, each a PNG in base64, show the same."""
    one, other = darkness(first), darkness(second)
    return one.shape == other.shape and bool(np.abs(one - other).max() <= MOST)


def difference(stored: Sequence[dict], new: Sequence[dict]) -> str:
    """Return how the plots of a cell differ from those stored; an empty text if they do not."""
    plots = [
        [output for output in outputs if PICTURE in output.get("data", {})]
        for outputs in (stored, new)
    ]
    if len(plots[0]) != len(plots[1]):
        return f"{len(plots[0])} plots are stored, and {len(plots[1])} were drawn"
    for before, after in zip(*plots, strict=True):
        alts = [each.get("metadata", {}).get(PICTURE, {}).get("alt") for each in (before, after)]
        if alts[0] != alts[1]:
            return f"the stored plot has the alt text {alts[0]!r}, the new one {alts[1]!r}"
        if not look_alike(before["data"][PICTURE], after["data"][PICTURE]):
            return f"the stored plot looks different from the new one: {alts[1]}"
    return ""


def compare_pictures_too() -> None:
    """Let nbval's comparison of a cell fail where its plots differ, too."""
    compare = IPyNbCell.compare_outputs

    def compare_outputs(self: IPyNbCell, test: list, ref: list, skip_compare=None) -> bool:
        if not compare(self, test, ref, skip_compare):
            return False
        found = difference(ref, test)
        if found:
            self.comparison_traceback.append(found)
        return not found

    IPyNbCell.compare_outputs = compare_outputs
