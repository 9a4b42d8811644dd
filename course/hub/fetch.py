"""Download everything that the hub source needs into the cache ahead of a class.

The client library is imported only once HF_ENDPOINT is known to name a Hub: it cannot even be
imported with one that is malformed.
"""

import errno
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from course.hub.retry import DELAYS, cause_chain, first_line, retry
from helpers import hub
from helpers.environment import PROJECT
from helpers.files import format_bytes, has_digest
from helpers.sources import HUB, SourceError

# What a system says of a folder that cannot be written to.
UNWRITABLE = {errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EEXIST}

# The dataset is stored twice: as it is downloaded and, uncompressed, as it is read.
UNCOMPRESSED = 2


@dataclass(frozen=True)
class HubFile:
    """A file on the Hub at one commit, with the digest that it must have."""

    kind: str
    repo: str
    commit: str
    path: str
    size: int
    digest: str

    @property
    def cache_path(self) -> Path:
        """Where the client caches it."""
        folder = hub.repository_folder(self.kind, self.repo)
        return folder / "snapshots" / self.commit / self.path

    def is_cached(self) -> bool:
        """Say whether it is in the cache with the right digest."""
        return self.cache_path.is_file() and has_digest(self.cache_path, self.digest)

    def remove(self) -> None:
        """Remove it from the cache: the link, and what it points to there."""
        content = self.cache_path.resolve()
        # Somebody may have put a link to a file of their own in its place.
        if content.is_relative_to(hub.downloads().resolve()):
            content.unlink(missing_ok=True)
        self.cache_path.unlink(missing_ok=True)


def list_files(kind: str, repo: str) -> Iterator[HubFile]:
    """Yield the files that the Hub lists for a repository.

    Raises:
        SourceError: for one that would not be in the cache.
    """
    from huggingface_hub import HfApi
    from huggingface_hub.hf_api import RepoFile

    from course.hub.client import check_name

    api = HfApi(endpoint=hub.endpoint(), token=hub.find_token() or False)
    commit = api.repo_info(repo, repo_type=kind, revision="main").sha
    check_name(commit)
    # Not the repository's information, from which a mirror leaves out the sizes.
    for entry in api.list_repo_tree(repo, repo_type=kind, revision=commit, recursive=True):
        if isinstance(entry, RepoFile):
            check_name(entry.path)
            digest = entry.lfs.sha256 if entry.lfs else entry.blob_id
            yield HubFile(kind, repo, commit, entry.path, entry.size, digest)


def list_remote_files(delays: Sequence[float]) -> list[HubFile]:
    """Ask the Hub which files of the dataset and the model there are to fetch."""
    dataset = retry(lambda: list(list_files("dataset", hub.DATASET)), delays)
    model = retry(lambda: list(list_files("model", hub.MODEL)), delays)
    files = [file for file in dataset if file.path.endswith((".parquet", "README.md"))]
    return files + [file for file in model if file.path in hub.MODEL_FILES]


def download_metrics(delays: Sequence[float]) -> None:
    """Download the metrics' scripts that are missing from the cache, or not the ones to run.

    Raises:
        SourceError: if the Hub has others.
    """
    for name in hub.METRIC_SCRIPTS:
        if not hub.has_metric(name):
            problem = retry(lambda name=name: hub.download_metric(name), delays)
            if problem:
                raise SourceError(problem)


def download(file: HubFile) -> None:
    """Download a file; remove it if its digest is wrong.

    Raises:
        ValueError: if its digest is wrong.
    """
    from huggingface_hub import hf_hub_download

    hf_hub_download(
        file.repo,
        file.path,
        repo_type=file.kind,
        revision=file.commit,
        endpoint=hub.endpoint(),
        # The client read its own setting when it was imported.
        cache_dir=hub.downloads(),
        token=hub.find_token() or False,
    )
    if not file.is_cached():
        file.remove()
        raise ValueError(f"{file.path} was downloaded with a wrong digest and was removed")


def download_missing(files: Sequence[HubFile], delays: Sequence[float]) -> int:
    """Download what is missing from the cache or damaged there.

    Args:
        files: what the cache should hold.
        delays: the seconds to wait before each further attempt.

    Returns:
        How many files were downloaded.

    Raises:
        SourceError: if the disk does not have room for them.
    """
    wanted = []
    for file in files:
        if file.is_cached():
            continue
        wanted.append(file)
        if file.cache_path.exists():
            print(f"  {file.path} in the cache has a wrong digest: fetching it again")
            file.remove()
            if file.kind == "dataset":
                # It may have been converted from the damaged file.
                shutil.rmtree(hub.prepared_dataset(HUB.cache_dir), ignore_errors=True)
    _check_space(wanted)
    print(f"Already in the cache, digests right: {len(files) - len(wanted)} of {len(files)} files.")
    for number, file in enumerate(wanted, start=1):
        print(f"[{number}/{len(wanted)}] {file.repo}: {file.path}, {format_bytes(file.size)}")
        retry(lambda file=file: download(file), delays)
    return len(wanted)


def _check_space(files: Sequence[HubFile]) -> None:
    needed = sum(file.size * (1 + UNCOMPRESSED * (file.kind == "dataset")) for file in files)
    hub.home().mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(hub.home()).free
    if free < needed:
        raise SourceError(
            f"The disk of {hub.home()} has {format_bytes(free)} free and this takes "
            f"{format_bytes(needed)}: make room, or set HF_HOME to a folder on another disk."
        )


def load_all(delays: Sequence[float]) -> None:
    """Load everything once, in a process of its own, so that the clients find it offline.

    Raises:
        SourceError: if that fails.
    """
    command = [sys.executable, "-m", "course.hub.warm_cache", json.dumps(list(delays))]
    # Each download has been reported already; an error is in the last line.
    quiet = {"HF_HUB_DISABLE_PROGRESS_BARS": "1", "PYTHONUNBUFFERED": "1"}
    process = subprocess.run(
        command, cwd=PROJECT, env=os.environ | quiet, stderr=subprocess.PIPE, text=True
    )
    if process.returncode:
        last = (process.stderr.strip().splitlines() or ["it was killed"])[-1]
        raise SourceError(
            f"Everything is downloaded, but loading it failed ({last}): run "
            "'python -m course doctor', and 'python -m course fetch' again, which keeps what is "
            "there."
        )


def fetch(delays: Sequence[float]) -> None:
    """Fetch and check everything.

    Args:
        delays: the seconds to wait before each further attempt at anything.

    Raises:
        SourceError: for a problem that waiting cannot fix.
    """
    if hub.is_offline():
        raise SourceError("HF_HUB_OFFLINE is set, which forbids fetching: unset it.")
    if problem := hub.check_endpoint():
        raise SourceError(problem)
    from course.hub.client import guard_client

    guard_client()
    # First: from a Hub that sends other programs, nothing else is taken either.
    download_metrics(delays)
    files = list_remote_files(delays)
    total = format_bytes(sum(file.size for file in files))
    print(f"From {hub.endpoint()} into {hub.home()}: {len(files)} files, {total}.")
    fetched = download_missing(files, delays)
    if fetched or hub.list_missing(HUB.cache_dir):
        print("Loading everything once, as the notebooks do (a minute or so) ...")
        load_all(delays)
    if missing := hub.list_missing(HUB.cache_dir):
        raise SourceError(
            f"The cache still lacks {', '.join(missing)}: run 'python -m course fetch' again."
        )
    print("Everything is in the cache, digests checked. To use it: export COURSE_SOURCE=hub")


def explain(error: BaseException) -> str:
    """Return one sentence about an error that stopped the command."""
    if isinstance(error, SourceError):
        return str(error)
    if any(
        getattr(cause, "errno", None) in (errno.ENOSPC, errno.EDQUOT)
        for cause in cause_chain(error)
    ):
        return (
            f"The disk of {hub.home()} is full: make room, or set HF_HOME to a folder on another "
            "disk, and run 'python -m course fetch' again, which keeps what is there."
        )
    for cause in cause_chain(error):
        # A connection that is refused has no file.
        if getattr(cause, "filename", None) and cause.errno in UNWRITABLE:
            return (
                f"HF_HOME={hub.home()} cannot be written to ({cause.filename}: {cause.strerror}): "
                "make it yours to write, or set HF_HOME to another folder, and run 'python -m "
                "course fetch' again."
            )
    if isinstance(error, KeyboardInterrupt):
        return "Stopped: 'python -m course fetch' resumes where it was."
    return (
        f"Fetching from HF_ENDPOINT={hub.endpoint()} failed ({first_line(error)}): run "
        "'python -m course fetch' again, which keeps what is there, or set HF_ENDPOINT to a mirror."
    )


def main(arguments: Sequence[str] = (), delays: Sequence[float] = DELAYS) -> int:
    """Fetch everything; if that fails, print one sentence and return 1.

    Args:
        arguments: none.
        delays: the seconds to wait before each further attempt at anything.
    """
    sys.stdout.reconfigure(line_buffering=True)
    try:
        fetch(delays)
    except (Exception, KeyboardInterrupt) as error:
        print(explain(error), file=sys.stderr)
        return 1
    return 0
