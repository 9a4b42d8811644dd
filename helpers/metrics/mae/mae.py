"""Mean absolute error: how many levels a prediction is off, on average."""

import datasets
import evaluate
import numpy as np

DESCRIPTION = """\
The mean absolute error is the mean of |prediction - reference|. On ordered classes numbered
0, 1, 2, ... its unit is one level: a prediction one level off costs 1, two levels off 2.
0 is best.
"""

INPUTS = """\
Args:
    predictions (list of float): predicted values or numbers of levels.
    references (list of float): true values or numbers of levels, one for each prediction.
Returns:
    mae (float).
"""


class MeanAbsoluteError(evaluate.Metric):
    """The metric that `evaluate.load` finds in this file."""

    def _info(self) -> evaluate.MetricInfo:
        features = {"predictions": datasets.Value("float"), "references": datasets.Value("float")}
        return evaluate.MetricInfo(
            description=DESCRIPTION,
            citation="",
            inputs_description=INPUTS,
            features=datasets.Features(features),
        )

    def _compute(self, predictions: list[float], references: list[float]) -> dict[str, float]:
        difference = np.subtract(predictions, references, dtype=np.float64)
        return {"mae": float(np.mean(np.abs(difference)))}
