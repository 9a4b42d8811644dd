"""F1: the harmonic mean of precision and recall, of one class or averaged over the classes."""

import datasets
import evaluate
import numpy as np

DESCRIPTION = """\
The F1 of a class is 2 x true positives / (predicted as the class + truly of the class).
The macro F1 is the plain mean over the classes that occur among predictions or references,
so that a rare class counts as much as a frequent one. It lies between 0 and 1; 1 is best.
"""

INPUTS = """\
Args:
    predictions (list of int): predicted classes.
    references (list of int): true classes, one for each prediction.
    average (str or None): "binary" for the F1 of the class 1 (the default), "macro" for the
        mean over classes, None for one F1 for each class.
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
        predictions, references = np.asarray(predictions), np.asarray(references)
        classes = np.unique(np.concatenate([predictions, references]))
        if average == "binary":
            if not set(classes.tolist()) <= {0, 1}:
                raise ValueError(
                    f"average='binary' is for the classes 0 and 1, not {classes.tolist()}: "
                    "pass average='macro'."
                )
            return {"f1": self._f1_of_class(1, predictions, references)}
        per_class = np.array([self._f1_of_class(c, predictions, references) for c in classes])
        if average is None:
            return {"f1": per_class}
        if average == "macro":
            return {"f1": float(per_class.mean())}
        raise ValueError(f"average is {average!r}: pass 'binary', 'macro' or None.")

    @staticmethod
    def _f1_of_class(number: int, predictions: np.ndarray, references: np.ndarray) -> float:
        predicted, true = predictions == number, references == number
        total = predicted.sum() + true.sum()
        return float(2 * (predicted & true).sum() / total) if total else 0.0
