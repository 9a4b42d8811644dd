"""Measure how accuracy grows with the training reviews; write data/learning_curve.json.

A run that is in the file already is not repeated: stopped, the command goes on where it was.
"""

import sys
import tempfile
from pathlib import Path

from helpers.launch import finetune
from helpers.learning_curve import PATH, CurveRun, read_runs, write_runs
from tools.kernel_environment import prepare_kernel_environment

# For each size its seeds: more for the course's own, one where a run takes long.
# The last size is all that is left of train once the validation split is cut.
SEEDS = {
    250: (42, 43, 44),
    500: (42, 43, 44),
    1_000: (42, 43, 44, 45, 46),
    2_000: (42, 43, 44),
    4_000: (42,),
    8_303: (42,),
}
SIZES = tuple(SEEDS)


def planned_runs() -> list[tuple[int, int]]:
    """Return the size and the seed of every run, the short ones first."""
    return [(size, seed) for size, seeds in SEEDS.items() for seed in seeds]


def measure(samples: int, seed: int) -> CurveRun:
    """Train and test once with the program.

    Args:
        samples: how many training reviews.
        seed: what the program draws with.
    """
    with tempfile.TemporaryDirectory() as folder:
        output = str(Path(folder, "run"))
        arguments = [f"--train_samples={samples}", f"--seed={seed}", "--disable_tqdm=True"]
        result = finetune("--output_dir", output, *arguments).result
    interval = tuple(result["interval"])
    return CurveRun(samples, seed, result["accuracy"], interval, result["seconds"])


def main() -> None:
    """Measure what is not in the file yet, and write the file after each run."""
    prepare_kernel_environment()
    runs = read_runs(PATH) if PATH.exists() else []
    known = {(run.samples, run.seed) for run in runs}
    for samples, seed in planned_runs():
        if (samples, seed) in known:
            continue
        run = measure(samples, seed)
        runs.append(run)
        write_runs(runs, PATH)
        line = (
            f"{samples:5,} reviews, seed {seed}: accuracy {run.accuracy:.4f}, {run.seconds:.0f} s"
        )
        print(line, file=sys.stderr, flush=True)
    print(f"written: data/{PATH.name}, {len(runs)} runs")


if __name__ == "__main__":
    main()
