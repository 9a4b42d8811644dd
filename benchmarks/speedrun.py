"""From raw texts to notebook 07's accuracy: `python -m course speedrun [RECIPE.py]`.

A recipe is one file with a function `train(train, validation, seed)`: it gets notebook 07's 1,000
reviews and its validation split, texts with labels, and returns a function that predicts the labels
of other texts. The clock starts when `train` is called, in a process of its own whose libraries are
loaded, and stops when `HELD_OUT_SIZE` other training reviews are predicted, so that nothing can be
put off. CPU seconds are what counts; wall-clock seconds depend on what else the machine does.

The rule, as in the public speedruns (modded-nanogpt): a recipe counts if its accuracy on those
held-out reviews, over 10 seeds, is above `TARGET` by a one-sided t-test with p < 0.01. The
hypothesis that has to be rejected is that its mean accuracy over seeds is `TARGET` or less. A fixed
number is a target that everyone can run against without running notebook 07 again. It is a point
below what that recipe reaches on them (0.432 over the three seeds of data/learning_rates.json), for
a recipe that is exactly as good must be able to pass.

300 validation reviews are too few for this, and the test reviews are not for choosing: a program
that everyone tunes against them would soon know them. What is read here belongs to train.
"""

import datetime
import hashlib
import importlib.util
import json
import os
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import fmean, median

import datasets
import numpy as np
import transformers
from datasets import Dataset, load_dataset
from filelock import FileLock, Timeout
from scipy.stats import ttest_1samp

from benchmarks.improve import machine
from benchmarks.learning_rates import HELD_OUT_SIZE
from benchmarks.speed import BUILD, run_child
from benchmarks.stored_runs import measure_missing
from course.environment.kernel import prepare_embedded_environment
from helpers.files import write_whole
from helpers.sampling import TRAIN_SIZE, split_validation, take_sample
from helpers.sources import get_source

PATH = BUILD / "speedrun.json"
RECIPES = Path(__file__).with_name("speedrun_recipes")
COURSE_RECIPES = (
    "notebook_07",
    "fast",
    "lower_half_once",
    "first_token",
    "two_epochs",
    "upper_third",
)
SEEDS = range(42, 52)
TARGET = 0.42
LARGEST_P = 0.01

Predict = Callable[[Dataset], Sequence[int]]


class RecipeError(Exception):
    """A recipe cannot be run; the message says what is wrong with it."""


@dataclass(frozen=True)
class SpeedRun:
    """One run of a recipe.

    Attributes:
        recipe: the name of its file.
        digest: of its content: a changed recipe is another one.
        seed: what `train` was given.
        accuracy: on the held-out reviews.
        seconds: wall-clock, until they were predicted.
        cpu_seconds: of all threads and processes.
        machine: what decides how fast the machine is.
        date: the day.
    """

    recipe: str
    digest: str
    seed: int
    accuracy: float
    seconds: float
    cpu_seconds: float
    machine: str
    date: str


def load_recipe(path: Path) -> Callable[[Dataset, Dataset, int], Predict]:
    """Return the function `train` of a recipe's file.

    Raises:
        RecipeError: if there is none.
    """
    specification = importlib.util.spec_from_file_location("recipe", path)
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    if not callable(getattr(module, "train", None)):
        raise RecipeError(f"{path.name} has no function train(train, validation, seed).")
    return module.train


def held_out_data() -> tuple[Dataset, Dataset, Dataset]:
    """Return the 1,000 reviews, the validation split, and the held-out reviews, all of train."""
    source = get_source()
    splits = split_validation(
        load_dataset(source.dataset, split="train", cache_dir=source.cache_dir)
    )
    # A larger sample begins with the smaller one, which is that of notebook 07.
    rows = take_sample(splits["train"], TRAIN_SIZE + HELD_OUT_SIZE)
    held_out = rows.select(range(TRAIN_SIZE, len(rows)))
    return rows.select(range(TRAIN_SIZE)), splits["validation"], held_out


def run(path: Path, seed: int) -> SpeedRun:
    """Run a recipe once, in this process.

    Raises:
        RecipeError: if it has no `train`, or does not return a label for each review.
    """
    train, (rows, validation, held_out) = load_recipe(path), held_out_data()
    texts = held_out.select_columns(["text"])
    start, cpu_start = time.perf_counter(), _cpu_seconds()
    labels = np.asarray(train(rows, validation, seed)(texts))
    seconds, cpu_seconds = time.perf_counter() - start, _cpu_seconds() - cpu_start
    if labels.shape != (len(held_out),):
        raise RecipeError(
            f"{path.name} predicted labels of shape {labels.shape}: one for each of "
            f"{len(held_out):,} reviews is needed."
        )
    return SpeedRun(
        path.stem,
        digest(path),
        seed,
        float((labels == np.array(held_out["label"])).mean()),
        round(seconds, 1),
        round(cpu_seconds, 1),
        machine(),
        datetime.date.today().isoformat(),
    )


def _cpu_seconds() -> float:
    # Those of ended child processes too.
    return sum(os.times()[:4])


def digest(path: Path) -> str:
    """Return what tells a recipe from a changed one."""
    return hashlib.sha256(path.read_bytes()).hexdigest()[:16]


def p_value(accuracies: Sequence[float]) -> float:
    """Return the one-sided p of the hypothesis that the mean accuracy is `TARGET` or less."""
    return float(ttest_1samp(accuracies, TARGET, alternative="greater").pvalue)


def table_line(runs: Sequence[SpeedRun]) -> str:
    """Return a recipe's line in the table of docs/speedrun.md.

    Args:
        runs: all its runs.
    """
    accuracies = [run.accuracy for run in runs]
    cells = [
        f"`{runs[0].recipe}`",
        f"{median(run.cpu_seconds for run in runs):.1f}",
        f"{median(run.seconds for run in runs):.1f}",
        f"{fmean(accuracies):.4f}",
        f"{p_value(accuracies):.1g}",
        ", ".join(sorted({run.machine for run in runs})),
        max(run.date for run in runs),
    ]
    return f"| {' | '.join(cells)} |"


def verdict(runs: Sequence[SpeedRun]) -> str:
    """Say whether a recipe's runs count."""
    if p_value([run.accuracy for run in runs]) < LARGEST_P:
        return "It counts: put this line into the table of docs/speedrun.md."
    return f"It does not count: its accuracy is not above {TARGET} with p < {LARGEST_P}."


def measure_recipe(path: Path) -> list[SpeedRun]:
    """Run a recipe with the seeds that the file does not hold yet; store each run at once."""
    stored = json.loads(PATH.read_text(encoding="utf-8")) if PATH.exists() else []
    others = [SpeedRun(**row) for row in stored]
    own = {(run.digest, run.seed): run for run in others if run.digest == digest(path)}
    others = [run for run in others if run.digest != digest(path)]

    def measure(_: str, seed: int) -> SpeedRun:
        # CPU seconds are counted: a GPU would do the work for nothing.
        without_gpu = {"CUDA_VISIBLE_DEVICES": ""}
        return SpeedRun(**run_child("speedrun", str(path), str(seed), variables=without_gpu))

    def store(runs: list[SpeedRun]) -> None:
        write_whole(PATH, json.dumps([asdict(run) for run in others + runs], indent=1) + "\n")

    def describe(run: SpeedRun) -> str:
        return (
            f"{run.recipe}, seed {run.seed}: accuracy {run.accuracy:.4f}, "
            f"{run.cpu_seconds} CPU s, {run.seconds} s wall-clock; with start-up"
        )

    planned = [(digest(path), seed) for seed in SEEDS]
    return measure_missing(planned, own, measure, store, describe)


def main(arguments: Sequence[str] = ()) -> int:
    """Run a recipe, or the course's own, with all seeds; print the lines of the table."""
    prepare_embedded_environment()
    paths = [Path(name) for name in arguments] or [
        RECIPES / f"{name}.py" for name in COURSE_RECIPES
    ]
    for path in paths:
        if path.suffix != ".py" or not path.is_file():
            print(f"There is no recipe {path}: pass a Python file.", file=sys.stderr)
            return 2
    BUILD.mkdir(exist_ok=True)
    try:
        with FileLock(BUILD / ".speedrun.lock", timeout=0):
            for path in paths:
                runs = measure_recipe(path.resolve())
                print(f"{table_line(runs)}\n{verdict(runs)}")
    except Timeout:
        print("Another speedrun is running, and would slow this one: wait for it.", file=sys.stderr)
        return 1
    return 0


def run_one(path: Path, seed: int) -> int:
    """Run a recipe once and print its run as the last line; say in one sentence what failed."""
    try:
        print(json.dumps(asdict(run(path, seed))))
    except RecipeError as error:
        print(error, file=sys.stderr)
        return 1
    except Exception as error:
        # Whoever wrote the recipe looks for its line, not for those of the libraries.
        lines = [
            frame.lineno
            for frame in traceback.extract_tb(error.__traceback__)
            if Path(frame.filename) == path
        ]
        where = f" in line {lines[-1]}" if lines else ""
        print(f"{path.name} failed{where}: {type(error).__name__}: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    transformers.logging.disable_progress_bar()
    datasets.disable_progress_bars()
    # `run_child` starts this, for one run. What it tokenizes must not be there for the next.
    datasets.disable_caching()
    # Whatever a recipe leaves in a temporary folder goes with this one.
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        tempfile.tempdir = folder
        code = run_one(Path(sys.argv[1]), int(sys.argv[2]))
    sys.exit(code)
