"""Write a classifier so that a browser can run it: on any static host, and from the disk.

A page that was opened from the disk may read no file, but may load scripts. So each file is packed
into one: the model as ONNX, the tokenizer, and from npm what runs them.
"""

import base64
import gzip
import json
from pathlib import Path
from tempfile import TemporaryDirectory

import onnx
from onnx import ModelProto
from transformers import (
    AutoModelForSequenceClassification,
    AutoTokenizer,
    PreTrainedModel,
    PreTrainedTokenizerFast,
)

from course.environment.npm import npm_packages
from course.publish.eight_bit_weights import store_in_eight_bits
from course.publish.try_page import TEMPLATE, BrowserModel
from helpers.files import format_bytes
from helpers.onnx_export import export_onnx
from helpers.saved_model import FILES, NAME, load_finetuned
from helpers.scoring import CHARACTERS_FOR_A_TOKEN
from helpers.sources import get_source

# What the page calls them, and where they are in node_modules.
RUNTIME = {
    "onnxruntime.mjs": "onnxruntime-web/dist/ort.wasm.bundle.min.mjs",
    # The one without WebGPU: half as large.
    "onnxruntime.wasm": "onnxruntime-web/dist/ort-wasm-simd-threaded.wasm",
    "tokenizers.mjs": "@huggingface/tokenizers/dist/tokenizers.min.mjs",
}
LICENCE = "@huggingface/tokenizers/LICENSE"
# In bytes; what the page loads at the most without a word about it.
LARGEST = 45_000_000
# What the page can give a model to read.
INPUTS = {"input_ids", "attention_mask", "token_type_ids"}


class ModelError(Exception):
    """A folder has no model for the page; the message says why."""


def load_model(
    folder: Path | None,
) -> tuple[PreTrainedModel, PreTrainedTokenizerFast, str | None]:
    """Load the classifier in a folder, or that of notebook 07.

    Args:
        folder: what `save_model` of a `Trainer` wrote; None for notebook 07's.

    Returns:
        The model, its tokenizer, and where it is from if it is the learner's own.

    Raises:
        ModelError: if the folder has none that gives each label a probability.
        SourceError: if there is no folder, and the course's source cannot be used.
    """
    if folder is None:
        source = get_source()
        own = None if source.name == "embedded" else f"{source.name}/{NAME}"
        return *load_finetuned(source), own
    lacking = [name for name in FILES if not (folder / name).is_file()]
    if lacking:
        raise ModelError(
            f"--model {folder}: it lacks {', '.join(lacking)}. Pass a folder that a Trainer's "
            "save_model wrote, with its tokenizer (processing_class)."
        )
    try:
        model = AutoModelForSequenceClassification.from_pretrained(folder, local_files_only=True)
        tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    except Exception as error:
        # The libraries raise errors of many kinds for a damaged or a strange file.
        raise ModelError(f"--model {folder}: it cannot be loaded: {first_line(error)}") from error
    written = model.config.architectures or ["no classifier"]
    if not written[0].endswith("ForSequenceClassification"):
        raise ModelError(f"--model {folder}: it holds {written[0]}, which classifies no texts.")
    several = model.config.problem_type in (None, "single_label_classification")
    if model.config.num_labels < 2 or not several:
        raise ModelError(f"--model {folder}: its model does not choose between labels.")
    if not set(tokenizer.model_input_names) <= INPUTS:
        raise ModelError(f"--model {folder}: its model reads more than a text.")
    return model.eval(), tokenizer, folder.resolve().name


def first_line(error: Exception) -> str:
    """Return the first line of an error's message; its kind if it has none."""
    return (str(error).splitlines() or [type(error).__name__])[0]


def write_browser_model(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerFast, own: str | None, folder: Path
) -> BrowserModel:
    """Write all that the page loads.

    Args:
        model: a classifier, in evaluation mode, on the CPU.
        tokenizer: its tokenizer.
        own: where it is from, if it is the learner's own.
        folder: the folder for it, which must not exist.

    Returns:
        What the page says of it.

    Raises:
        NpmError: if what comes from npm cannot be had.
        ModelError: if the learner's own model cannot be exported.
    """
    packages = npm_packages(TEMPLATE)
    try:
        files = model_files(model, tokenizer, eight_bits=True)
    except Exception as error:
        if own is None:
            raise
        # The exporter raises errors of many kinds for a model that it does not know.
        reason = first_line(error)
        raise ModelError(f"--model {own}: it cannot be exported to ONNX: {reason}") from error
    runtime = {name: (packages / path).read_bytes() for name, path in RUNTIME.items()}
    contents = {
        "runtime.js": packed(runtime).encode(),
        "LICENSES.txt": licences(packages).encode(),
        "model.js": packed(files).encode(),
    }
    size = sum(map(len, contents.values()))
    if size > LARGEST:
        print(
            f"site: the page to try the model is going to load "
            f"{format_bytes(size)}: for less, press Ctrl-C, which leaves the earlier site as it "
            "is, and pass a smaller model to --model",
        )
    folder.mkdir(parents=True)
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    labels = [model.config.id2label[number] for number in range(model.config.num_labels)]
    return BrowserModel(size, labels, own)


def model_files(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerFast, eight_bits: bool
) -> dict[str, bytes]:
    """Return the files that the page needs of a model, by their names.

    Args:
        model: a classifier, in evaluation mode, on the CPU.
        tokenizer: its tokenizer.
        eight_bits: whether its weights are stored in 8 bits, or in 32.
    """
    with TemporaryDirectory() as scratch:
        path = Path(scratch, "model.onnx")
        export_onnx(model, tokenizer, path)
        exported = onnx.load(path)
        tokenizer.save_pretrained(scratch)
        names = ("tokenizer.json", "tokenizer_config.json")
        files = {name: Path(scratch, name).read_bytes() for name in names}
    remove_traces(exported)
    if eight_bits:
        store_in_eight_bits(exported)
    files["model.onnx"] = exported.SerializeToString()
    return files | {"settings.json": json.dumps(reading(model, tokenizer)).encode()}


def remove_traces(model: ModelProto) -> None:
    """Remove what the exporter noted of this machine: the paths of the files that it ran."""
    graph = model.graph
    for part in (model, graph, *graph.node, *graph.input, *graph.output, *graph.initializer):
        del part.metadata_props[:]
    del graph.value_info[:]


def reading(model: PreTrainedModel, tokenizer: PreTrainedTokenizerFast) -> dict[str, object]:
    """Return how the page turns a text into what the model reads.

    Returns:
        The special tokens before and after a text, the most tokens that the model takes, how many
        characters are tokenized at first, and the token for what is not in the vocabulary.
    """
    bare = tokenizer("a", add_special_tokens=False)["input_ids"]
    whole = tokenizer("a")["input_ids"]
    place = whole.index(bare[0])
    positions = getattr(model.config, "max_position_embeddings", tokenizer.model_max_length)
    limit = min(tokenizer.model_max_length, positions)
    return {
        "before": whole[:place],
        "after": whole[place + len(bare) :],
        "limit": limit,
        "characters": CHARACTERS_FOR_A_TOKEN * limit,
        "unknown": tokenizer.unk_token_id,
    }


def packed(files: dict[str, bytes]) -> str:
    """Return files as a script that gives them to the page."""
    lines = []
    for name, content in files.items():
        # The same bytes every time: without the clock's.
        text = base64.b64encode(gzip.compress(content, mtime=0)).decode("ascii")
        lines.append(f'packedFiles["{name}"] = "{text}";\n')
    return "".join(lines)


def licences(packages: Path) -> str:
    """Return the terms of what comes from npm."""
    lines = []
    for name in ("onnxruntime-web", "@huggingface/tokenizers"):
        about = json.loads((packages / name / "package.json").read_text(encoding="utf-8"))
        lines.append(f"{name} {about['version']}: {about['license']}")
    lines.append("onnxruntime-web: Copyright (c) Microsoft Corporation. All rights reserved.")
    return "\n".join([*lines, "", (packages / LICENCE).read_text(encoding="utf-8")])
