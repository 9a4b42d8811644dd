"""What `python -m course improve` measured: each lever against the recipe, seed by seed."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from helpers.files import write_whole
from helpers.sources import PROJECT

PATH = PROJECT / "data" / "improvement.json"


@dataclass(frozen=True, order=True)
class LeverRun:
    """One training run with one lever, scored on one split.

    Attributes:
        split: `validation`, 2,000 training reviews that no run trains on; or `test`.
        precision: in what the model computed, `float32` or `bfloat16`.
        lever: what differs from the recipe of notebook 07.
        seed: draws the head's weights and the order of the batches; the reviews are the same.
        errors: by how many levels the prediction for each review is off, one digit each, in the
            order of the split.
        seconds: how long training took, on a machine that did other things too.
        cpu_seconds: what it took of all cores together.
        machine: the threads and the instructions that decide how fast it is.
    """

    split: str
    precision: str
    lever: str
    seed: int
    errors: str
    seconds: float
    cpu_seconds: float
    machine: str

    @property
    def accuracy(self) -> float:
        """The share of the reviews whose label was predicted."""
        return self.errors.count("0") / len(self.errors)


def read_lever_runs(path: Path = PATH) -> list[LeverRun]:
    """Return the measured runs, by split, precision, lever and seed."""
    rows = json.loads(path.read_text(encoding="utf-8"))
    return sorted(LeverRun(**row) for row in rows)


def write_lever_runs(runs: Sequence[LeverRun], path: Path = PATH) -> None:
    """Replace the runs in the file, by split, precision, lever and seed."""
    write_whole(path, json.dumps([asdict(run) for run in sorted(runs)], indent=1) + "\n")
