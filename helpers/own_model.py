"""Check the weights that somebody wants to fine-tune in place of the course's own."""

import hashlib
import json
import os
from collections.abc import Sequence
from pathlib import Path

from helpers.hub import REPOSITORY_NAME, explain_refusal

WEIGHTS = ("model.safetensors", "model.safetensors.index.json", "pytorch_model.bin")
SETTINGS = ("config.json", "tokenizer_config.json")
# All of a folder that decides what is trained.
CONTENT = (*SETTINGS, "tokenizer.json", "*.safetensors", "pytorch_model*.bin")


class ModelError(Exception):
    """The weights cannot be used; the message says why, and what to do."""


def check_model(name: str) -> str:
    """Check that weights are a BERT's, whose parts the notebooks know.

    Args:
        name: a folder, or a name on the Hub, such as `google-bert/bert-base-chinese`.

    Returns:
        What `from_pretrained` takes.

    Raises:
        ModelError: if there are no such weights, or they are another kind of model.
    """
    folder = Path(name).expanduser()
    # Of a folder that may not be read, `Path.is_dir` raises an error.
    if os.path.isdir(folder):
        config, tokenizer = (folder / file for file in SETTINGS)
        lacking = [] if config.is_file() else [config.name]
        lacking += [] if any((folder / file).is_file() for file in WEIGHTS) else [WEIGHTS[0]]
        lacking += [] if (folder / "tokenizer.json").is_file() else ["tokenizer.json"]
        if lacking:
            raise ModelError(
                f"COURSE_MODEL={name}: the folder has no {' and no '.join(lacking)}; name the one "
                "that 'save_pretrained' wrote for the model and its tokenizer."
            )
        given, way_out = str(folder.resolve()), ""
    elif REPOSITORY_NAME.fullmatch(name):
        config, tokenizer = (_download(name, file) for file in SETTINGS)
        given = name
        way_out = f"run 'hf download {name} --local-dir FOLDER', name FOLDER in COURSE_MODEL, and "
    else:
        raise ModelError(
            f"COURSE_MODEL={name}: there is no such folder that you may read; a model on the Hub "
            "is named with its owner, as in google-bert/bert-base-chinese."
        )
    settings = _read(name, config)
    kind = settings.get("model_type")
    if kind != "bert":
        raise ModelError(
            f"COURSE_MODEL={name} is a model of the kind {kind!r}, and the notebooks show the "
            "parts of a BERT: name one of the kind 'bert', or leave COURSE_MODEL out."
        )
    positions = settings.get("max_position_embeddings", 512)
    limit = _read(name, tokenizer).get("model_max_length")
    # Without one, the library's limit is larger than any tokenizer takes.
    if not isinstance(limit, int) or not 0 < limit <= positions:
        raise ModelError(
            f"COURSE_MODEL={name}: its tokenizer_config.json names no limit of tokens that fits "
            f'its model: {way_out}write "model_max_length": {positions} there.'
        )
    return given


def _read(name: str, path: Path | None) -> dict[str, object]:
    # What is not there says nothing.
    if path is None or not path.is_file():
        return {}
    try:
        return dict(json.loads(path.read_text(encoding="utf-8")))
    except (ValueError, TypeError) as error:
        raise ModelError(f"COURSE_MODEL={name}: its {path.name} is damaged.") from error


def _download(name: str, file: str) -> Path | None:
    from huggingface_hub import hf_hub_download
    from huggingface_hub.errors import RemoteEntryNotFoundError

    try:
        return Path(hf_hub_download(name, file))
    except RemoteEntryNotFoundError:
        return None
    except Exception as error:
        raise ModelError(
            f"COURSE_MODEL={name} is no folder here, and cannot be had from the Hub "
            + explain_refusal(error)
        ) from error


def weights_digest(model: str) -> str:
    """Return what tells weights from others, also from those that were in the same folder before.

    Args:
        model: what `check_model` returns.
    """
    folder = Path(model)
    if not folder.is_dir():
        from huggingface_hub import try_to_load_from_cache

        # The folder of the cache is named after the revision.
        revision = Path(str(try_to_load_from_cache(model, SETTINGS[0]))).parent.name
        return hashlib.sha256(f"{model} {revision}".encode()).hexdigest()
    digest = hashlib.sha256()
    for path in sorted({path for name in CONTENT for path in folder.glob(name)}):
        with path.open("rb") as file:
            content = hashlib.file_digest(file, "sha256").hexdigest()
        digest.update(f"{path.name} {content}\n".encode())
    return digest.hexdigest()


def unknown_share(model: str, texts: Sequence[str]) -> float:
    """Return the share of the tokens of some texts that are not in a model's vocabulary.

    Args:
        model: what `from_pretrained` takes; of a name on the Hub nothing is known, which gives 0.
        texts: the texts.

    Raises:
        ModelError: if the tokenizer cannot be read.
    """
    from tokenizers import Tokenizer

    path = Path(model) / "tokenizer.json"
    if not path.is_file():
        return 0.0
    try:
        tokenizer = Tokenizer.from_file(str(path))
    except Exception as error:
        # The library raises nothing more exact.
        raise ModelError(f"COURSE_MODEL={model}: its tokenizer.json is damaged.") from error
    tokenizer.no_padding()
    encodings = tokenizer.encode_batch(list(texts), add_special_tokens=False)
    tokens = [token for encoding in encodings for token in encoding.tokens]
    return tokens.count("[UNK]") / max(1, len(tokens))
