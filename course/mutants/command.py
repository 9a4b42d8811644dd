"""Try random mutants on the tests and notebooks that can see them, and count the killed."""

from __future__ import annotations

import argparse
import concurrent.futures
import sys
import time
from collections.abc import Sequence

import psutil

from course.mutants import equivalent, population, selection
from course.mutants.mutant import Mutant
from course.mutants.report import Result, report_text, summary
from course.mutants.seen import Seen, look
from course.mutants.trial import Step, TrialError, context, stop, try_mutant
from helpers.environment import PROJECT
from helpers.files import write_whole

REPORT = PROJECT / "build" / "mutants.md"
FOLDER = PROJECT / "build" / "mutants"
WORKERS = 2
# 150 in 20 minutes; what is not begun by then is left out, and named.
SECONDS_FOR_EACH = 8.0


def parse_arguments(arguments: Sequence[str]) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m course mutants", description=__doc__)
    parser.add_argument("number", metavar="N", nargs="?", type=int, default=150)
    parser.add_argument("--seed", metavar="S", type=int, default=1)
    parser.add_argument("--all", action="store_true", help="every mutant: days")
    options = parser.parse_args(arguments)
    if options.number < 1:
        parser.error("N is how many mutants to try: pass 1 or more.")
    return options


def survived(result: Result) -> bool:
    """Say whether a mutant was tried, and nothing noticed it."""
    return result.verdict is not None and not result.verdict.killed


def judge(
    mutants: Sequence[Mutant], seen: Seen, known: Sequence[equivalent.Equivalent], seconds: float
) -> list[Result]:
    """Try mutants side by side; print each verdict as it comes.

    Those that only a notebook that trains, or a folder of heavy tests, could still notice are tried
    last: one of them takes as long as ten others.

    Args:
        mutants: the changes.
        seen: which tests run which lines.
        known: the mutants that change nothing that matters.
        seconds: how long from now a trial may still begin.
    """
    end = time.monotonic() + seconds
    start = context().Process

    def attempt(mutant: Mutant, steps: Sequence[Step]) -> Result:
        if time.monotonic() > end:
            return Result(mutant, None, "not tried: the time was up")
        began = time.monotonic()
        verdict = try_mutant(mutant, steps, PROJECT, start)
        took = time.monotonic() - began
        line = f"{verdict.outcome:10}{took:5.0f} s  {mutant.place}: {mutant.kind}  {verdict.by}"
        print(line)
        if verdict.outcome == "too slow":
            return Result(mutant, None, f"not tried: {verdict.by} did not end in time")
        return Result(mutant, verdict)

    results: dict[Mutant, Result] = {}
    quick: dict[Mutant, list[Step]] = {}
    slow: dict[Mutant, list[Step]] = {}
    for mutant in mutants:
        steps = selection.steps(mutant, PROJECT, seen)
        reason = next((f"equivalent: {each.reason}" for each in known if each.is_of(mutant)), "")
        if reason := reason or selection.left_out(mutant, steps):
            results[mutant] = Result(mutant, None, reason)
            continue
        quick[mutant] = [step for step in steps if not selection.takes_long(step)]
        slow[mutant] = [step for step in steps if selection.takes_long(step)]
    with concurrent.futures.ThreadPoolExecutor(WORKERS) as pool:
        try:
            results |= zip(quick, pool.map(attempt, quick, quick.values()), strict=True)
            left = {each: slow[each] for each in quick if slow[each] and survived(results[each])}
            results |= zip(left, pool.map(attempt, left, left.values()), strict=True)
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            for process in psutil.Process().children():
                stop(process.pid)
            raise
    return [results[mutant] for mutant in mutants]


def main(arguments: Sequence[str] = ()) -> int:
    """Try mutants and write the report; return 0 when the run finished, whatever the score."""
    options = parse_arguments(arguments)
    number = None if options.all else options.number
    try:
        known = equivalent.read()
        equivalent.check(known, PROJECT)
        seen = look(PROJECT, FOLDER)
        mutants = population.choose(PROJECT, number, options.seed)
        print(f"{len(mutants)} mutants of seed {options.seed}")
        began = time.monotonic()
        limit = float("inf") if options.all else SECONDS_FOR_EACH * len(mutants)
        results = judge(mutants, seen, known, limit)
    except TrialError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Stopped: there is no report of this run.", file=sys.stderr)
        return 130
    write_whole(REPORT, report_text(results, options.seed, time.monotonic() - began))
    print(f"{summary(results)} The report: {REPORT}")
    return 0
