"""Bring everything that the hub source needs into the cache ahead of a class."""

import errno
import importlib.metadata
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from huggingface_hub import HfApi, hf_hub_download
from huggingface_hub.errors import RevisionNotFoundError
from huggingface_hub.hf_api import RepoFile

from course.environment.digests import digest_like
from course.environment.kernel import PROJECT, prepare_interactive_environment
from course.hub.metric_cache import remove_wrong_scripts
from course.hub.retry import PAUSES, brief, causes, patiently
from helpers import hub
from helpers.sources import HUB, SourceError

# The dataset is kept twice, as it is downloaded and, uncompressed, as it is read.
UNCOMPRESSED = 2


@dataclass(frozen=True)
class HubFile:
    """A file on the Hub, of one commit, with the digest that it must have."""

    kind: str
    repo: str
    commit: str
    path: str
    size: int
    digest: str

    @property
    def cached(self) -> Path:
        """Where the client keeps it."""
        folder = hub.repository_folder(self.kind, self.repo)
        return folder / "snapshots" / self.commit / self.path

    def is_right(self) -> bool:
        """Say whether it is in the cache and has its digest."""
        return self.cached.is_file() and digest_like(self.cached, self.digest) == self.digest

    def remove(self) -> None:
        """Remove it from the cache: the link and what it points at."""
        self.cached.resolve().unlink(missing_ok=True)
        self.cached.unlink(missing_ok=True)


def list_files(kind: str, repo: str, revision: str = "main") -> Iterator[HubFile]:
    """Yield the files of a repository as the Hub lists them."""
    api = HfApi(endpoint=hub.endpoint(), token=hub.find_token() or False)
    commit = api.repo_info(repo, repo_type=kind, revision=revision).sha
    # The tree and not the repository's page, whose sizes a mirror leaves out.
    for entry in api.list_repo_tree(repo, repo_type=kind, revision=commit, recursive=True):
        if isinstance(entry, RepoFile):
            digest = entry.lfs.sha256 if entry.lfs else entry.blob_id
            yield HubFile(kind, repo, commit, entry.path, entry.size, digest)


def list_metric(name: str) -> HubFile:
    """Return a metric's script, of the revision that `evaluate` loads."""
    repo = f"evaluate-metric/{name}"
    try:
        files = list(list_files("space", repo, f"v{importlib.metadata.version('evaluate')}"))
    except RevisionNotFoundError:
        files = list(list_files("space", repo))
    return next(file for file in files if file.path == f"{name}.py")


def plan(pauses: Sequence[float]) -> tuple[list[HubFile], list[HubFile]]:
    """Ask the Hub what there is to fetch.

    Returns:
        The files of the dataset and the model, and the metrics' scripts.
    """
    dataset = patiently(lambda: list(list_files("dataset", hub.DATASET)), pauses)
    model = patiently(lambda: list(list_files("model", hub.MODEL)), pauses)
    files = [file for file in dataset if file.path.endswith((".parquet", "README.md"))]
    files += [file for file in model if file.path in hub.MODEL_FILES]
    scripts = [patiently(lambda name=name: list_metric(name), pauses) for name in hub.METRICS]
    return files, scripts


def download(file: HubFile) -> None:
    """Download a file; what does not have its digest is removed.

    Raises:
        ValueError: if the file that came does not have its digest.
    """
    hf_hub_download(
        file.repo,
        file.path,
        repo_type=file.kind,
        revision=file.commit,
        endpoint=hub.endpoint(),
        # What the client would take by itself was settled when it was imported.
        cache_dir=hub.downloads(),
        token=hub.find_token() or False,
    )
    if not file.is_right():
        file.remove()
        raise ValueError(f"{file.path} came with a wrong digest and was removed")


def download_missing(files: Sequence[HubFile], pauses: Sequence[float]) -> int:
    """Download what the cache lacks or has wrong.

    Args:
        files: what the cache shall hold.
        pauses: the seconds to wait before each further attempt.

    Returns:
        How many files were downloaded.

    Raises:
        SourceError: if the disk has not the room for them.
    """
    wanted = []
    for file in files:
        if file.is_right():
            continue
        wanted.append(file)
        if file.cached.exists():
            print(f"  {file.path} in the cache has a wrong digest: it is fetched again")
            file.remove()
            if file.kind == "dataset":
                # It may have been made from the wrong file.
                shutil.rmtree(hub.prepared_dataset(HUB.cache_dir), ignore_errors=True)
    _check_room(wanted)
    print(
        f"There already, with the right digest: {len(files) - len(wanted)} of {len(files)} files."
    )
    for number, file in enumerate(wanted, start=1):
        print(f"[{number}/{len(wanted)}] {file.repo}: {file.path}, {megabytes(file.size)}")
        patiently(lambda file=file: download(file), pauses)
    return len(wanted)


def _check_room(files: Sequence[HubFile]) -> None:
    needed = sum(file.size * (1 + UNCOMPRESSED * (file.kind == "dataset")) for file in files)
    hub.home().mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(hub.home()).free
    if free < needed:
        raise SourceError(
            f"The disk of {hub.home()} has {megabytes(free)} free and this takes "
            f"{megabytes(needed)}: make room, or set HF_HOME to a folder on another disk."
        )


def load_all(scripts: Sequence[HubFile], pauses: Sequence[float]) -> None:
    """Load everything once in a process of its own, so that the clients find it offline.

    Raises:
        SourceError: if that fails.
    """
    metrics = {Path(script.path).stem: script.digest for script in scripts}
    command = [sys.executable, "-m", "course.hub.load_once", json.dumps([metrics, list(pauses)])]
    # What is said of each download has been said; what goes wrong is in the last line.
    quiet = {"HF_HUB_DISABLE_PROGRESS_BARS": "1", "PYTHONUNBUFFERED": "1"}
    process = subprocess.run(
        command, cwd=PROJECT, env=os.environ | quiet, stderr=subprocess.PIPE, text=True
    )
    if process.returncode:
        last = (process.stderr.strip().splitlines() or ["it was ended"])[-1]
        raise SourceError(
            f"Everything is downloaded, but loading it failed ({last}): run "
            "'python -m course doctor', and 'python -m course fetch' again, which keeps what is "
            "there."
        )


def fetch(pauses: Sequence[float]) -> None:
    """Fetch and check everything.

    Args:
        pauses: the seconds to wait before each further attempt at anything.

    Raises:
        SourceError: if something is in the way that waiting does not mend.
    """
    if hub.is_offline():
        raise SourceError("HF_HUB_OFFLINE is set, which forbids to fetch: unset it.")
    if problem := hub.ask():
        raise SourceError(problem)
    files, scripts = plan(pauses)
    everything = files + scripts
    total = megabytes(sum(file.size for file in everything))
    print(f"From {hub.endpoint()} into {hub.home()}: {len(everything)} files, {total}.")
    fetched = download_missing(files, pauses)
    for script in scripts:
        remove_wrong_scripts(Path(script.path).stem, script.digest)
    if fetched or hub.missing(HUB.cache_dir):
        print("Loading everything once, as the notebooks do (a minute or so) ...")
        load_all(scripts, pauses)
    if lacking := hub.missing(HUB.cache_dir):
        raise SourceError(
            f"The cache still lacks {', '.join(lacking)}: run 'python -m course fetch' again."
        )
    print("Everything is in place, digests checked. To use it: export COURSE_SOURCE=hub")


def megabytes(size: float) -> str:
    """Write a number of bytes for people."""
    return f"{size / 1e6:,.1f} MB"


def explain(error: BaseException) -> str:
    """Return one sentence on an error that ended the fetching."""
    if isinstance(error, SourceError):
        return str(error)
    if any(
        getattr(cause, "errno", None) in (errno.ENOSPC, errno.EDQUOT) for cause in causes(error)
    ):
        return (
            f"The disk of {hub.home()} is full: make room, or set HF_HOME to a folder on another "
            "disk, and run 'python -m course fetch' again, which keeps what is there."
        )
    if isinstance(error, KeyboardInterrupt):
        return "Stopped: 'python -m course fetch' goes on where it was."
    return (
        f"Fetching from HF_ENDPOINT={hub.endpoint()} failed ({brief(error)}): run "
        "'python -m course fetch' again, which keeps what is there, or set HF_ENDPOINT to a mirror."
    )


def main(arguments: Sequence[str] = (), pauses: Sequence[float] = PAUSES) -> int:
    """Fetch everything; print one sentence and return 1 if that cannot be done.

    Args:
        arguments: none.
        pauses: the seconds to wait before each further attempt at anything.
    """
    prepare_interactive_environment()
    sys.stdout.reconfigure(line_buffering=True)
    try:
        fetch(pauses)
    except (Exception, KeyboardInterrupt) as error:
        print(explain(error), file=sys.stderr)
        return 1
    return 0
