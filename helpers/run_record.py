"""The record of a training run, by which the run knows its own folder from anybody else's."""

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from helpers.checkpoints import CheckpointError, check_checkpoint, last_checkpoint

RECORD = "run.json"
RESULT = "result.json"
# Held while the run trains. The system releases it when the program ends, in whatever way.
LOCK = "run.lock"
LAST = "last"


class RunError(Exception):
    """A folder cannot be used for this training run; the message says what to do."""


@contextmanager
def claim_folder(
    folder: Path, arguments: Mapping[str, object], resume: str | None
) -> Iterator[Path | None]:
    """Claim a folder for a training run, so that nothing of anybody else's is overwritten.

    A run starts in an empty folder, where it leaves its record. It resumes in a folder with the
    record of the same arguments. A run that ends before its first checkpoint gives the folder back.

    Args:
        folder: where the run writes; it is made if it does not exist.
        arguments: all that decides what the run computes.
        resume: a checkpoint in the folder, `last`, or None to start.

    Yields:
        The checkpoint to resume from, or None to start from the beginning.

    Raises:
        RunError: if the folder is somebody else's, or cannot be written.
        CheckpointError: if the checkpoint is missing or damaged.
    """
    # Of a folder that may not be read, `Path.exists` raises an error.
    if os.path.exists(folder / RESULT):
        raise RunError(f"{folder} has a finished training run in it: pass another --output_dir.")
    if resume not in (None, LAST):
        check_checkpoint(Path(resume))
    # What is stored is compared with what is stored: a tuple becomes a list.
    record = json.loads(json.dumps({"arguments": arguments}, default=str))
    try:
        if resume is None:
            _write_record(folder, record)
        else:
            _check_record(folder, record)
        lock = FileLock(folder / LOCK)
        lock.acquire(blocking=False)
    except Timeout as error:
        raise RunError(
            f"Another process trains in {folder}: wait until it ends, or pass another --output_dir."
        ) from error
    except OSError as error:
        raise RunError(
            f"{folder} cannot be written ({error.strerror}): pass another --output_dir."
        ) from error
    try:
        yield _find_checkpoint(folder, resume)
    finally:
        unused = {path.name for path in folder.iterdir()} <= {RECORD, LOCK}
        if unused:
            (folder / RECORD).unlink(missing_ok=True)
        lock.release()
        if unused:
            (folder / LOCK).unlink(missing_ok=True)


def _write_record(folder: Path, record: Mapping[str, object]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()):
        raise RunError(_describe_occupied(folder))
    try:
        # Of two programs that start at once, one gets the folder.
        with (folder / RECORD).open("x", encoding="utf-8") as file:
            file.write(json.dumps(record, indent=1))
    except FileExistsError as error:
        raise RunError(_describe_occupied(folder)) from error


def _describe_occupied(folder: Path) -> str:
    resume = f", or --resume_from_checkpoint {LAST} to resume the run in it"
    return (
        f"{folder} is not empty, and nothing in it is overwritten: pass another --output_dir"
        f"{resume if (folder / RECORD).exists() else ''}."
    )


def _check_record(folder: Path, record: Mapping[str, object]) -> None:
    try:
        started = json.loads((folder / RECORD).read_text(encoding="utf-8"))["arguments"]
        started = dict(started)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise RunError(
            f"{folder} has no {RECORD}, so no training run was started in it: pass the "
            "--output_dir of the run to resume, or start one without --resume_from_checkpoint."
        ) from error
    except (ValueError, TypeError, LookupError) as error:
        raise RunError(
            f"{RECORD} in {folder} is damaged, or not of this program: pass another --output_dir."
        ) from error
    now = record["arguments"]
    changed = [
        f"{_as_given(name)} was {started.get(name)} and is {now.get(name)}"
        for name in sorted(started.keys() | now.keys())
        if started.get(name) != now.get(name)
    ]
    if changed:
        raise RunError(
            f"The run in {folder} was started with other arguments: {', '.join(changed)}. Resume "
            "it with those it was started with, or pass another --output_dir."
        )


def _as_given(name: str) -> str:
    # A flag; variables of the environment are in capitals.
    return f"--{name}" if name.islower() else name


def _find_checkpoint(folder: Path, resume: str | None) -> Path | None:
    if resume is None:
        return None
    if resume != LAST:
        checkpoint = Path(resume)
        if checkpoint.resolve().parent != folder.resolve():
            raise RunError(
                f"The checkpoint {checkpoint} is not of the run in {folder}: pass "
                f"--output_dir {checkpoint.parent}, or --resume_from_checkpoint {LAST}."
            )
        return checkpoint
    try:
        return last_checkpoint(folder)
    except CheckpointError as error:
        raise RunError(
            f"{error} No other in {folder} is complete: move them away to start from the "
            "beginning, or pass another --output_dir."
        ) from error
