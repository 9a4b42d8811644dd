"""Start the course's program as a person would, in processes of its own, and kill it at a step."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass

PROGRAM = ("-m", "helpers.finetune")
# What a progress bar shows: 7/18.
STEP = re.compile(rb"\b(\d+)/(\d+) \[")


class LaunchError(Exception):
    """The program did not do what it was started for; the message holds what it said."""


@dataclass(frozen=True)
class Run:
    """How a started command ended.

    Attributes:
        code: its exit code; after a kill -9, or 1 on Windows.
        output: what it wrote to stdout.
        errors: what it wrote to stderr, the progress bar included.
    """

    code: int
    output: str
    errors: str

    @property
    def result(self) -> dict[str, object]:
        """What the program printed as its last line."""
        return json.loads(self.output.strip().splitlines()[-1])


def finetune(
    *arguments: str,
    launcher: Sequence[str] = (),
    threads: int | None = None,
    program: Sequence[str] = PROGRAM,
) -> Run:
    """Run `python -m helpers.finetune` to its end, or a program that stands in for it.

    Args:
        arguments: those of the program.
        launcher: a module that starts the program in several processes, and its arguments, such
            as `torch.distributed.run --nproc-per-node=2`; empty is one process.
        threads: how many threads each process computes with; None is what is set already.
        program: what Python is told to run; the path of a file that changes something and then
            calls `helpers.finetune.main`, for an experiment.

    Raises:
        LaunchError: if the program fails.
    """
    command = _command(arguments, launcher, program)
    done = subprocess.run(command, env=_environment(threads), capture_output=True, text=True)
    if done.returncode:
        raise LaunchError(f"The program ended with code {done.returncode}:\n{done.stderr[-2000:]}")
    return Run(done.returncode, done.stdout, done.stderr)


def kill_at(step: int, *arguments: str, threads: int | None = None) -> Run:
    """Run `python -m helpers.finetune` until its progress bar shows a step, then kill it.

    The program is killed with SIGKILL, or TerminateProcess on Windows, which nothing can catch: it
    ends as suddenly as when the power fails. What it wrote before that is on its way to the disk; a
    power cut may lose some.

    Args:
        step: a training step, counted as the bar counts.
        arguments: those of the program.
        threads: how many threads it computes with; None is what is set already.

    Raises:
        LaunchError: if the program ends before that step.
    """
    # The bar is what is read here: it must not wait, as it does where outputs are compared.
    environment = _environment(threads) | {"TQDM_DELAY": "0"}
    with subprocess.Popen(
        _command(arguments),
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        seen, reached = b"", False
        while block := os.read(process.stderr.fileno(), 4096):
            seen += block
            if _training_step(seen) >= step:
                process.kill()
                reached = True
                break
        output, rest = process.communicate()
    errors = (seen + rest).decode()
    if not (reached and process.returncode):
        raise LaunchError(f"The program ended before step {step}:\n{errors[-2000:]}")
    return Run(process.returncode, output.decode(), errors)


def _training_step(seen: bytes) -> int:
    bars = [(int(found[1]), found[2]) for found in STEP.finditer(seen)]
    # The first bar is the training's; those of the evaluations count batches.
    return max((done for done, total in bars if total == bars[0][1]), default=0)


def _command(
    arguments: Sequence[str], launcher: Sequence[str] = (), program: Sequence[str] = PROGRAM
) -> list[str]:
    modules = ["-m", *launcher] if launcher else []
    return [sys.executable, *modules, *program, *arguments]


def _environment(threads: int | None) -> dict[str, str]:
    return os.environ | ({} if threads is None else {"OMP_NUM_THREADS": str(threads)})
