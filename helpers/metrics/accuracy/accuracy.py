"""Accuracy: the share of predictions that equal their reference."""

import datasets
import evaluate
import numpy as np

DESCRIPTION = """\
Accuracy is the number of predictions that equal their reference, divided by the number of
predictions. It lies between 0 and 1; 1 is best.
"""

INPUTS = """\
Args:
    predictions (list of int): predicted classes.
    references (list of int): true classes, one for each prediction.
Returns:
    accuracy (float).
"""


class Accuracy(evaluate.Metric):
    """The metric that `evaluate.load` finds in this file."""

    def _info(self) -> evaluate.MetricInfo:
        features = {"predictions": datasets.Value("int64"), "references": datasets.Value("int64")}
        return evaluate.MetricInfo(
            description=DESCRIPTION,
            citation="",
            inputs_description=INPUTS,
            features=datasets.Features(features),
        )

    def _compute(self, predictions: list[int], references: list[int]) -> dict[str, float]:
        return {"accuracy": float(np.mean(np.equal(predictions, references)))}
