"""What the hub source needs, whether it is in the cache, and whether the Hub answers.

Standard library only: this runs before anything heavy is imported, and in the doctor when the
client libraries are broken. The environment variables are those of the client libraries.
"""

from __future__ import annotations

import json
import os
import re
import threading
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any

from helpers.files import git_blob_id, has_digest, write_whole

DATASET = "Yelp/yelp_review_full"
CONFIG = "yelp_review_full"
MODEL = "google-bert/bert-base-cased"
# An owner and a name.
REPOSITORY_NAME = re.compile(r"[A-Za-z0-9][\w.-]*/[\w.-]+")
# What the course loads; the repository also has the same weights for other frameworks.
MODEL_FILES = (
    "config.json",
    "model.safetensors",
    "tokenizer.json",
    "tokenizer_config.json",
    "vocab.txt",
)
# The metrics' scripts are programs, and only these are run: their git ids in the repository of
# `evaluate`, from which the Hub's are copied, at the version that the course pins. Compare them
# again with each new version.
EVALUATE = "0.4.6"
METRIC_SCRIPTS = {
    "accuracy": "aa5a07328844b225fd78c7ad106c91bab1f2a8e7",
    "f1": "05b0baadc6f18fc1125a0efec95c258c5c43949a",
    "mae": "e973bc5ff60926eb28e7daebf20c00bc639a40db",
}

# Longer than a slow mirror takes to give a short answer.
TIMEOUT_SECONDS = 5.0
# Longer than it takes to get a script from its own Hub first.
SCRIPT_SECONDS = 30.0
LARGEST_SCRIPT = 1_000_000

REMEDY = (
    "set HF_ENDPOINT to a mirror such as https://hf-mirror.com, run 'python -m course fetch' once "
    "where the Hub answers, or set COURSE_SOURCE=embedded, which needs no network"
)


def endpoint() -> str:
    """Return the Hub's address."""
    return (os.environ.get("HF_ENDPOINT") or "https://huggingface.co").rstrip("/")


def is_offline() -> bool:
    """Say whether the clients have been told to stay off the network."""
    setting = os.environ.get("HF_HUB_OFFLINE") or os.environ.get("TRANSFORMERS_OFFLINE") or ""
    return setting.upper() in ("1", "ON", "YES", "TRUE")


def home() -> Path:
    """Return the folder of the clients' caches."""
    return Path(os.environ["HF_HOME"])


def downloads() -> Path:
    """Return the folder in which the client caches repositories."""
    return Path(os.environ.get("HF_HUB_CACHE") or home() / "hub").expanduser()


def repository_folder(kind: str, name: str) -> Path:
    """Return where the client caches a repository; `kind` is `model`, `dataset` or `space`."""
    return downloads() / f"{kind}s--{name.replace('/', '--')}"


def model_path(name: str) -> Path | None:
    """Return the path of a file of the model in the cache, or None if it is not there."""
    folder = repository_folder("model", MODEL)
    try:
        revision = (folder / "refs" / "main").read_text(encoding="utf-8").strip()
    except OSError:
        return None
    path = folder / "snapshots" / revision / name
    return path if path.is_file() else None


def prepared_dataset(cache_dir: str | Path) -> Path:
    """Return the folder in which `load_dataset` caches the converted dataset."""
    return Path(cache_dir) / DATASET.replace("/", "___")


def metric_script(name: str) -> Path:
    """Return where a metric's script from the Hub is kept."""
    return home() / "metric_scripts" / name / f"{name}.py"


def metric_copies(name: str) -> Path:
    """Return the folder in which `evaluate` keeps copies of a metric's scripts, to run them."""
    modules = Path(os.environ.get("HF_MODULES_CACHE") or home() / "modules").expanduser()
    return modules / "evaluate_modules" / "metrics" / name


def has_metric(name: str) -> bool:
    """Say whether a metric's script is in the cache, and is the one that may run."""
    path = metric_script(name)
    return path.is_file() and has_digest(path, METRIC_SCRIPTS[name])


def download_metric(name: str) -> str | None:
    """Download a metric's script into the cache, if it is the one that may run.

    Returns:
        None if it is; else one sentence that says what to do, and nothing was stored.

    Raises:
        OSError: if the Hub does not answer, or the cache cannot be written to.
    """
    # Where `evaluate` looks: at the tag of its version, or else at the newest.
    for revision in (f"v{EVALUATE}", "main"):
        script = _read_script(f"spaces/evaluate-metric/{name}/resolve/{revision}/{name}.py")
        if script is not None and git_blob_id(script) == METRIC_SCRIPTS[name]:
            write_whole(metric_script(name), script)
            return None
    return (
        f"The Hub at HF_ENDPOINT={endpoint()} does not have the program that the course knows from "
        f"evaluate {EVALUATE} for {name}, and no other is run: set HF_ENDPOINT to another Hub, or "
        "COURSE_SOURCE=embedded, which needs none."
    )


def _read_script(path: str) -> bytes | None:
    # None if the Hub does not have it.
    try:
        with _open(path, find_token(), SCRIPT_SECONDS) as response:
            size = min(int(response.headers.get("Content-Length") or 0), LARGEST_SCRIPT)
            script = response.read(LARGEST_SCRIPT)
    except urllib.error.HTTPError as error:
        # A mirror without its Hub answers 401 for a tag that it does not have.
        if error.code in (401, 403, 404):
            return None
        raise
    if len(script) < size:
        raise ConnectionError(f"{path} was cut off")
    return script


def list_missing(cache_dir: str | Path) -> list[str]:
    """Return what the hub source needs and the cache does not have, in words for a message.

    Args:
        cache_dir: the folder that is passed to `load_dataset`.
    """
    missing = []
    if not any(prepared_dataset(cache_dir).glob(f"{CONFIG}/*/*/dataset_info.json")):
        missing.append(f"the dataset {DATASET}")
    missing += [f"{name} of {MODEL}" for name in MODEL_FILES if model_path(name) is None]
    missing += [f"the metric {name}" for name in METRIC_SCRIPTS if not has_metric(name)]
    return missing


def check_availability(cache_dir: str | Path) -> str | None:
    """Check that the hub source can be used; the Hub is asked only if the cache is incomplete.

    Args:
        cache_dir: the folder that is passed to `load_dataset`.

    Returns:
        None if it can; else one sentence that says what to do.
    """
    if problem := check_address():
        return problem
    missing = list_missing(cache_dir)
    if not missing:
        return None
    if is_offline():
        return (
            f"HF_HUB_OFFLINE is set and the cache in {home()} lacks {', '.join(missing)}: "
            f"unset HF_HUB_OFFLINE and run 'python -m course fetch' where the Hub ({endpoint()}) "
            "or a mirror in HF_ENDPOINT answers, or set COURSE_SOURCE=embedded, which needs no "
            "network."
        )
    return check_endpoint()


def explain_refusal(error: Exception) -> str:
    """Return why something cannot be had from the Hub, and the way out, for the end of a sentence.

    Args:
        error: any of the clients' many errors, each of which says in its first sentence what is
            wrong.
    """
    reason = " ".join((str(error) or type(error).__name__).split()).split(". ")[0].rstrip(".")
    return f"({reason}): set HF_ENDPOINT to a Hub that has it, or name a copy on this machine."


def check_address() -> str | None:
    """Check that HF_ENDPOINT is an address that the clients can use.

    Returns:
        None if it is; else one sentence that says what to do, without the address: it may hold a
        password.
    """
    try:
        parts = urllib.parse.urlsplit(endpoint())
        usable = parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        return f"HF_ENDPOINT is not the address of a Hub: {REMEDY}."
    if "@" in parts.netloc:
        return (
            "HF_ENDPOINT holds a login, which would be shown and is not sent: write the address "
            "without it, and put a token into HF_TOKEN if the Hub asks for one."
        )
    return None


def check_endpoint() -> str | None:
    """Check that the Hub answers, by asking it about the model.

    Returns:
        None if it does; else one sentence that says what to do.
    """
    if problem := check_address():
        return problem
    token = find_token()
    answers: list[int | str] = []
    # In a thread, because the timeout does not cover looking up the host name.
    thread = threading.Thread(target=lambda: answers.append(_request_twice(token)), daemon=True)
    thread.start()
    thread.join(TIMEOUT_SECONDS)
    answer = answers[0] if answers else f"no answer in {TIMEOUT_SECONDS:g} seconds"
    if token and answer in (401, 403):
        return (
            f"The Hub at HF_ENDPOINT={endpoint()} refuses your token (HTTP {answer}): unset "
            "HF_TOKEN or log out with 'hf auth logout' (what the course needs is public), or log "
            "in again with 'hf auth login'."
        )
    if answer == 200:
        return None
    reason = f"HTTP {answer}" if isinstance(answer, int) else answer
    return (
        f"No Hugging Face Hub answers at HF_ENDPOINT={endpoint()} ({_hide(token, reason)}): "
        f"{REMEDY}."
    )


def find_token() -> str | None:
    """Return the token that the clients would send, or None if there is none."""
    token = os.environ.get("HF_TOKEN") or os.environ.get("HUGGING_FACE_HUB_TOKEN")
    if not token:
        path = Path(os.environ.get("HF_TOKEN_PATH") or home() / "token").expanduser()
        try:
            token = path.read_text(encoding="utf-8")
        except (OSError, ValueError):
            return None
    return "".join(token.split()) or None


def _request_twice(token: str | None) -> int | str:
    answer = _request(token)
    # A busy server answers with an error now and then, and a moment later it does not.
    return _request(token) if isinstance(answer, int) and answer >= 500 else answer


def _request(token: str | None) -> int | str:
    # The HTTP status, or why there is none.
    try:
        with _open(f"api/models/{MODEL}/revision/main", token, TIMEOUT_SECONDS) as response:
            # A network that requires a login answers every request with a web page.
            facts = json.load(response)
        return 200 if "siblings" in facts else "the answer is not that of a Hub"
    except urllib.error.HTTPError as error:
        return error.code
    except urllib.error.URLError as error:
        return str(error.reason)
    except json.JSONDecodeError:
        return "the answer is not that of a Hub"
    except Exception as error:
        return str(error) or type(error).__name__


def _open(path: str, token: str | None, seconds: float) -> Any:
    request = urllib.request.Request(f"{endpoint()}/{path}")
    if token:
        # A plain header would be sent on to another host by a redirect.
        request.add_unredirected_header("Authorization", f"Bearer {token}")
    return urllib.request.urlopen(request, timeout=seconds)


def _hide(token: str | None, text: str) -> str:
    return text.replace(token, "…") if token else text
