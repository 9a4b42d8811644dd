"""The accuracies that `python -m course learning-curve` measured, for each size and seed."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from helpers.files import write_whole
from helpers.sources import PROJECT

PATH = PROJECT / "data" / "learning_curve.json"


@dataclass(frozen=True, order=True)
class CurveRun:
    """One training run of the program, from its pretrained weights to its test score.

    Attributes:
        samples: how many training reviews.
        seed: draws those reviews, the head's weights and the order of the batches.
        frozen_layers: how many layers were frozen besides the embeddings; -1 is nothing frozen.
        accuracy: the share of the 2,000 test reviews whose label was predicted.
        interval: the 95 % confidence interval of the accuracy.
        mae: the mean absolute error on the test reviews, in levels.
    """

    samples: int
    seed: int
    frozen_layers: int
    accuracy: float
    interval: tuple[float, float]
    mae: float


def read_runs(path: Path = PATH) -> list[CurveRun]:
    """Return the measured runs, by size, seed and frozen layers."""
    rows = json.loads(path.read_text(encoding="utf-8"))
    return sorted(CurveRun(**row | {"interval": tuple(row["interval"])}) for row in rows)


def write_runs(runs: Sequence[CurveRun], path: Path = PATH) -> None:
    """Replace the runs in the file, by size, seed and frozen layers."""
    write_whole(path, json.dumps([asdict(run) for run in sorted(runs)], indent=1) + "\n")
