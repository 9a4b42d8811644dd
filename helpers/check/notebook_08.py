"""Check the exercises of notebook 08, analyze_and_predict."""

from collections.abc import Sequence

import numpy as np

from helpers.check.answers import Answer, Hint, Misconception, call, compare, exercise
from helpers.check.notebook_06 import two_ends, wrong_interval
from helpers.check.notebook_07 import TUNED_ON_TEST
from helpers.check.reviews import first_raters, panel_logits

ENDS_CROSSED = Misconception(
    "ends-crossed",
    "你拿一组的下端减另一组的上端，置信区间就太宽了：两组不会同时那么倒霉，"
    "要重抽两组、相减，再取差的分位数。",
    "You subtracted one group's upper end from the other's lower end, which is too wide, as both "
    "are rarely so unlucky at once: resample both, subtract, and take quantiles of the gaps.",
)
SAME_ENDS_SUBTRACTED = Misconception(
    "same-ends-subtracted",
    "你拿下端减下端、上端减上端，置信区间就太窄了：两组的误差各自独立，"
    "要重抽两组、相减，再取差的分位数。",
    "You subtracted lower from lower and upper from upper end, which is too narrow, as the groups "
    "vary independently: resample both, subtract, and take quantiles of the gaps.",
)
GROUPS_POOLED = Misconception(
    "groups-pooled",
    "你把两组混在一起再抽，差就总在 0 附近：每一组只能从自己里面重抽。",
    "You pooled the groups before drawing, which puts the difference around 0: resample each group "
    "from itself.",
)
REPORTED_ON_VALIDATION = Misconception(
    "reported-on-validation",
    "你在验证集上报告误差，而温度正是在它上面选的：选看验证集，报告用测试集。",
    "You reported the error on the validation set, on which the temperature was chosen: choose on "
    "validation, and report on test.",
)
MULTIPLIED_BY_TEMPERATURE = Misconception(
    "multiplied-by-temperature",
    "你把 logits 乘以温度，方向反了：要除以它，大于 1 时概率变平。",
    "You multiplied the logits by the temperature, which goes the other way: divide by it, and "
    "above 1 the probabilities become flatter.",
)
MEAN_FOR_MEDIAN = Misconception(
    "mean-for-median",
    "你取的是平均等级再四舍五入：中位数要从最差的一级累加概率，第一次到一半的那一级。",
    "You rounded the mean level: for the median add up the probabilities from the lowest level, "
    "and take the first level that reaches a half.",
)
MOST_PROBABLE = Misconception(
    "most-probable-for-median",
    "你取的还是概率最高的一级：中位数看累加的概率，用 `cumsum`，不用 `argmax`。",
    "You still took the most probable level: the median goes by the sum of the probabilities, so "
    "use `cumsum` and not `argmax`.",
)
MEDIAN_OF_PROBABILITIES = Misconception(
    "median-of-probabilities",
    "你取的是五个概率的中位数，那是一个概率，不是等级：要找累加到一半的是第几级。",
    "You took the median of the five probabilities, which is a probability and not a level: find "
    "the level at which their sum reaches a half.",
)


@exercise(
    "08-1",
    "gap_interval(first, second)",
    Hint(
        "两组分别有误差，差的误差由两者一起决定。让两组都重抽，再相减。",
        "Both groups vary, and the difference varies with both. Resample each of them, then "
        "subtract.",
    ),
    Hint(
        "每次从各组里有放回地抽和原来一样多的，各取平均，记下两个平均之差。",
        "Each time draw from either group as many as it has, with replacement, and note the "
        "difference of the two means.",
    ),
    Hint(
        "重复 2,000 次，返回这些差的 0.025 和 0.975 分位数。",
        "Repeat it 2,000 times, and return the quantiles 0.025 and 0.975 of these differences.",
    ),
)
def _gap_interval(answer: Answer) -> None:
    """The first raters' hits on the outer levels and on the others."""
    levels, labels = first_raters("test")
    outer = np.isin(labels, (0, 4))
    first, second = (levels == labels)[outer], (levels == labels)[~outer]
    low, high = two_ends(call(answer, first, second))
    errors = [group.std() / len(group) ** 0.5 for group in (first, second)]
    gap, error = first.mean() - second.mean(), float(np.hypot(*errors))

    def near(centre: float, deviations: float) -> bool:
        ends = (centre - 1.96 * deviations, centre + 1.96 * deviations)
        return max(abs(low - ends[0]), abs(high - ends[1])) < 0.25 * error

    if near(gap, error):
        return
    if near(gap, sum(errors)):
        raise ENDS_CROSSED.error()
    if near(gap, abs(errors[0] - errors[1])):
        raise SAME_ENDS_SUBTRACTED.error()
    if abs((low + high) / 2) < 0.25 * error:
        raise GROUPS_POOLED.error()
    raise wrong_interval(low, high, gap - 1.96 * error, gap + 1.96 * error)


@exercise(
    "08-2",
    "test_error(validation_logits, validation_labels, test_logits, test_labels)",
    Hint(
        "温度用哪一份数据拟合，误差又在哪一份上报告？",
        "On which data is the temperature fitted, and on which is the error reported?",
    ),
    Hint(
        "`fit_temperature` 用验证的 logits 和标签；`softmax(logits, temperature)` 把 logits "
        "除以温度。",
        "`fit_temperature` takes the logits and labels of validation; `softmax(logits, "
        "temperature)` divides by the temperature.",
    ),
    Hint(
        "返回 `expected_calibration_error(softmax(test_logits, temperature), test_labels)`。",
        "Return `expected_calibration_error(softmax(test_logits, temperature), test_labels)`.",
    ),
)
def _test_error(answer: Answer) -> None:
    """Five raters of each snippet vote in place of a model."""
    from helpers.calibration import expected_calibration_error, fit_temperature, softmax

    cases = [(*panel_logits("train", 400), *panel_logits("test", 400))]
    cases += [(*panel_logits("train", 300, raters=7), *panel_logits("test", 500, raters=3))]

    def error(temperature: float, logits: np.ndarray, labels: np.ndarray) -> float:
        return expected_calibration_error(softmax(logits, temperature), labels)

    def right(
        logits: np.ndarray, labels: np.ndarray, test_logits: np.ndarray, test_labels: np.ndarray
    ) -> float:
        return error(fit_temperature(logits, labels), test_logits, test_labels)

    mistakes = {
        TUNED_ON_TEST: lambda _, __, *test: right(*test, *test),
        REPORTED_ON_VALIDATION: lambda *four: right(*four[:2], *four[:2]),
        MULTIPLIED_BY_TEMPERATURE: lambda *four: error(1 / fit_temperature(*four[:2]), *four[2:]),
    }
    compare(answer, cases, right, mistakes)


@exercise(
    "08-3",
    "median_level(probabilities)",
    Hint(
        "中位数把概率分成两半：从最低的一级加起，加到一半时停在哪一级？",
        "The median splits the probability in half: adding up from the lowest level, at "
        "which one do you reach a half?",
    ),
    Hint(
        "`probabilities.cumsum(axis=1)` 是从低到高的累计概率。",
        "`probabilities.cumsum(axis=1)` adds the probabilities up from the lowest level.",
    ),
    Hint(
        "每一行里第一个累计概率达到 0.5 的位置，例如 `(cumulative < 0.5).sum(axis=1)`。",
        "Take the first place in each row where it reaches 0.5, for example `(cumulative < "
        "0.5).sum(axis=1)`.",
    ),
)
def _median_level(answer: Answer) -> None:
    from helpers.calibration import softmax

    logits, _ = panel_logits("test", 200)
    cases = [(softmax(logits, temperature),) for temperature in (0.9, 1.7)]

    def median(probabilities: np.ndarray) -> Sequence[int]:
        return [int(row.cumsum().searchsorted(0.5)) for row in probabilities]

    mistakes = {
        MEAN_FOR_MEDIAN: lambda rows: (rows @ np.arange(rows.shape[1])).round(),
        MOST_PROBABLE: lambda rows: rows.argmax(axis=1),
        MEDIAN_OF_PROBABILITIES: [
            lambda rows: np.median(rows, axis=1),
            lambda rows: rows.argsort(axis=1)[:, rows.shape[1] // 2],
        ],
    }
    compare(answer, cases, median, mistakes)
