"""Measure the runs that a file does not hold yet, and store each as soon as it is done."""

import sys
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

Plan = TypeVar("Plan", bound=tuple)
Run = TypeVar("Run")


def measure_missing(
    planned: Sequence[Plan],
    stored: Mapping[Plan, Run],
    measure: Callable[..., Run],
    store: Callable[[list[Run]], None],
    describe: Callable[[Run], str],
) -> list[Run]:
    """Measure what is planned and not stored: after a stop, a command resumes where it was.

    Args:
        planned: the arguments of `measure` for each run, in the order to run in.
        stored: the runs that were measured before, by their plan.
        measure: runs once.
        store: writes all runs; it is called after each.
        describe: says in a few words what came of a run; it is printed with the seconds.

    Returns:
        All runs, the stored ones first.
    """
    runs = list(stored.values())
    for plan in planned:
        if plan in stored:
            continue
        start = time.perf_counter()
        run = measure(*plan)
        runs.append(run)
        store(runs)
        seconds = time.perf_counter() - start
        print(f"{describe(run)}, {seconds:.0f} s", file=sys.stderr)
    return runs
