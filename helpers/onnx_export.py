"""Export a fine-tuned classifier to ONNX, which runs without PyTorch."""

import logging
import warnings
from pathlib import Path

import torch
from transformers import PreTrainedModel, PreTrainedTokenizerBase


def export_onnx(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, path: Path) -> None:
    """Write a classifier as one ONNX file, for batches of any size and texts of any length.

    Args:
        model: the classifier.
        tokenizer: its tokenizer, whose outputs name the file's inputs.
        path: the file; its folder must exist.
    """
    example = dict(tokenizer(["one", "two words"], padding=True, return_tensors="pt"))
    sizes = {0: torch.export.Dim.DYNAMIC, 1: torch.export.Dim.DYNAMIC}
    # It warns that torchvision is missing, which no text model needs.
    logger = logging.getLogger("torch.onnx._internal.exporter._registration")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            # PyTorch uses a class of its own that is deprecated.
            warnings.simplefilter("ignore", FutureWarning)
            torch.onnx.export(
                model.eval(),
                (),
                path,
                kwargs=example,
                # In the order of the example: they are matched by position.
                input_names=list(example),
                output_names=["logits"],
                dynamic_shapes={name: sizes for name in example},
                external_data=False,
                verbose=False,
            )
    finally:
        logger.setLevel(level)
