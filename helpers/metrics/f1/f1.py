"""F1: the harmonic mean of precision and recall, of one class or averaged over the classes."""

import datasets
import evaluate
import numpy as np
from sklearn.metrics import f1_score

DESCRIPTION = """\
The F1 of a class is 2 x true positives / (predicted as the class + truly of the class).
The macro F1 is the plain mean over the classes that occur among predictions or references,
so that a rare class counts as much as a frequent one. It lies between 0 and 1; 1 is best.
"""

INPUTS = """\
Args:
    predictions (list of int): predicted classes.
    references (list of int): true classes, one for each prediction.
    average (str or None): as in scikit-learn: "binary" for the F1 of the class 1 (the default),
        "macro" for the mean over classes, None for one F1 for each class, "micro", "weighted".
Returns:
    f1 (float, or an array of floats when average is None).
"""


class F1(evaluate.Metric):
    """The metric that `evaluate.load` finds in this file."""

    def _info(self) -> evaluate.MetricInfo:
        features = {"predictions": datasets.Value("int64"), "references": datasets.Value("int64")}
        return evaluate.MetricInfo(
            description=DESCRIPTION,
            citation="",
            inputs_description=INPUTS,
            features=datasets.Features(features),
        )

    def _compute(
        self, predictions: list[int], references: list[int], average: str | None = "binary"
    ) -> dict[str, float | np.ndarray]:
        score = f1_score(references, predictions, average=average, zero_division=0)
        return {"f1": score if average is None else float(score)}
