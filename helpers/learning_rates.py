"""The training runs that `python -m course learning-rates` measured, one for each rate and seed."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from helpers.files import write_whole
from helpers.sources import PROJECT

PATH = PROJECT / "data" / "learning_rates.json"


@dataclass(frozen=True)
class RateRun:
    """One training run with the recipe of notebook 07, whose learning rate is another.

    Attributes:
        learning_rate: the peak learning rate.
        seed: draws the head's weights and the order of the batches; the reviews are the same.
        samples: how many training reviews.
        epochs: how many epochs were asked for.
        history: what `epoch_history` returns: losses and validation scores after each epoch.
        errors: by how many levels the prediction for each held-out review is off, one digit each,
            after the epoch with the highest validation accuracy. Held out are reviews of train
            that are neither in the course's sample nor in its validation split.
        step_losses: the training loss of each step; none for the runs of the recipe's length.
    """

    learning_rate: float
    seed: int
    samples: int
    epochs: int
    history: list[dict[str, float]]
    errors: str
    step_losses: list[float]

    @property
    def plan(self) -> tuple[float, int, int, int]:
        """What distinguishes the run from the others: rate, seed, samples, epochs."""
        return self.learning_rate, self.seed, self.samples, self.epochs


def read_runs(path: Path = PATH) -> list[RateRun]:
    """Return the measured runs, by samples, epochs, rate and seed."""
    return [RateRun(**row) for row in json.loads(path.read_text(encoding="utf-8"))["runs"]]


def read_recipe(path: Path = PATH) -> dict[str, object]:
    """Return the recipe that the runs were measured with, except for what they vary."""
    return json.loads(path.read_text(encoding="utf-8"))["recipe"]


def write_runs(recipe: Mapping[str, object], runs: Sequence[RateRun], path: Path = PATH) -> None:
    """Replace the file: the recipe, and the runs by samples, epochs, rate and seed."""
    by_length = sorted(
        runs, key=lambda run: (-run.samples, run.epochs, run.learning_rate, run.seed)
    )
    content = {"recipe": dict(recipe), "runs": [asdict(run) for run in by_length]}
    write_whole(path, json.dumps(content, indent=1) + "\n")
