"""Check the exercises of notebook 06, evaluate."""

import math
from collections.abc import Sequence

import numpy as np

from helpers.check.answers import (
    Answer,
    Failure,
    Hint,
    Misconception,
    WrongAnswer,
    call_for_result,
    call_or_failure,
    compare,
    exercise,
    not_as_asked,
)
from helpers.check.reviews import first_raters

RECALL_FOR_F1 = Misconception(
    "recall-for-f1",
    "你算的是召回率，只看了正确答案里有多少找对：F1 还要看预测里有多少说对，是两者的调和平均。",
    "You computed the recall, which looks at the true rows only: F1 is the harmonic mean of it and "
    "of the precision, which looks at the predicted ones.",
)
CLASSES_AVERAGED = Misconception(
    "classes-averaged",
    "你把各类平均成了一个数，看不出哪一类最难：用 `average=None`，每一类留一个。",
    "You averaged the classes into one number, which hides the hardest: with `average=None` each "
    "class keeps its own.",
)
NEVER_PREDICTED = Misconception(
    "never-predicted-class",
    "有一类从来没有被预测，你除以了 0：按约定，没有一条找对的类 F1 是 0。",
    "One class is never predicted, and you divided by 0: by convention the F1 of a class with no "
    "hit is 0.",
)
SPREAD_OF_ANSWERS = Misconception(
    "spread-of-answers",
    "你取的是单条对错的分位数，只会得到 0 和 1：要重抽很多次，每次先取平均，再取平均的分位数。",
    "You took quantiles of the single hits, which are 0 and 1: resample many times, take the mean "
    "of each, and then the quantiles of the means.",
)
WITHOUT_REPLACEMENT = Misconception(
    "without-replacement",
    "你是无放回地重抽，每次抽到的都是全部，平均不变：要有放回，`replace=True`。",
    "You resampled without replacement, which gives all of the rows and the same mean each time: "
    "draw with `replace=True`.",
)
FIVE_PERCENT_EACH_SIDE = Misconception(
    "five-percent-each-side",
    "你在两头各去掉 5 %，那是 90 % 的置信区间：95 % 的置信区间每头只去掉 2.5 %。",
    "You left out 5 % at each end, which is a 90 % interval: one of 95 % leaves out 2.5 % at each.",
)
LOGITS_AS_PREDICTIONS = Misconception(
    "logits-compared-with-labels",
    "你拿 logits 直接和答案比较：它们是每个类别的分数，不是类别，先取 `argmax(axis=-1)`。",
    "You compared logits with labels: they are scores for each class and not classes, so take "
    "`argmax(axis=-1)` first.",
)
ARGMAX_OF_COLUMNS = Misconception(
    "argmax-of-columns",
    "你沿着评论取了最大值，得到的是每一类分数最高的那条：要沿着类别，`argmax(axis=-1)`。",
    "You took the maximum along the reviews, which gives the best review of each class: take it "
    "along the classes, `argmax(axis=-1)`.",
)
SIGN_FORGOTTEN = Misconception(
    "sign-forgotten",
    "你没有取绝对值，猜得再低也算在一级以内：用 `np.abs(...) <= 1`。",
    "You left out the absolute value, so that any guess that is too low counts as within one: use "
    "`np.abs(...) <= 1`.",
)


def class_counts(
    predictions: Sequence[int], references: Sequence[int], classes: int
) -> list[tuple[int, int, int]]:
    """Count for each class the hits, the predictions and the references."""
    guesses, truths = np.asarray(predictions), np.asarray(references)
    return [
        (
            int(((guesses == number) & (truths == number)).sum()),
            int((guesses == number).sum()),
            int((truths == number).sum()),
        )
        for number in range(classes)
    ]


@exercise(
    "06-1",
    "f1_by_class(predictions, references, classes)",
    Hint(
        "对每一类数三样：预测对的、预测成它的、真正是它的。",
        "Count three things for each class: predicted rightly, predicted as it, and really it.",
    ),
    Hint(
        "F1 等于 2 × 对的 ÷（预测成它的 + 真正是它的）；两样都没有时，才会除以 0。",
        "F1 is 2 × right ÷ (predicted + really it), which divides by 0 only if both are missing.",
    ),
    Hint(
        "`hits = np.sum((guesses == number) & (truths == number))`，另外两个数也用 `np.sum`。",
        "`hits = np.sum((guesses == number) & (truths == number))`, and `np.sum` for the "
        "other two.",
    ),
)
def _f1_by_class(answer: Answer) -> None:
    levels, labels = first_raters("test")
    # No single rating falls on level 1: a mean of several does.
    some = slice(900, 1_300)
    cases = [(levels[some], labels[some], 5), ([0, 1, 1, 0, 1], [0, 1, 0, 0, 1], 2)]

    def f1(predictions: Sequence[int], references: Sequence[int], classes: int) -> list[float]:
        counts = class_counts(predictions, references, classes)
        return [2 * hits / (guessed + true) for hits, guessed, true in counts]

    def recall(predictions: Sequence[int], references: Sequence[int], classes: int) -> list[float]:
        return [hits / true for hits, _, true in class_counts(predictions, references, classes)]

    def unpredicted_left_out(
        predictions: Sequence[int], references: Sequence[int], classes: int
    ) -> np.ndarray:
        guessed = [number in predictions for number in range(classes)]
        return np.where(guessed, f1(predictions, references, classes), np.nan)

    found = call_or_failure(answer, *cases[0])
    if isinstance(found, Failure) and isinstance(found.error, ZeroDivisionError):
        raise NEVER_PREDICTED.error()
    mistakes = {
        RECALL_FOR_F1: recall,
        CLASSES_AVERAGED: lambda *case: float(np.mean(f1(*case))),
        NEVER_PREDICTED: unpredicted_left_out,
    }
    compare(answer, cases, f1, mistakes)


@exercise(
    "06-2",
    "accuracy_interval(predictions, references)",
    Hint(
        "先得到每条对不对（True 或 False），再从它们里面重抽。",
        "First find for each review whether it is right, then draw from these values again.",
    ),
    Hint(
        "`generator.choice(hits, hits.size)` 有放回地抽同样多条；它的平均是一次的准确率。",
        "`generator.choice(hits, hits.size)` draws as many with replacement; their mean is "
        "one accuracy.",
    ),
    Hint(
        "抽 2,000 次，返回这些平均的 0.025 和 0.975 分位数（`np.quantile`）。",
        "Draw 2,000 times, and return the quantiles 0.025 and 0.975 of these means "
        "(`np.quantile`).",
    ),
)
def _accuracy_interval(answer: Answer) -> None:
    """The ends may differ as much as resampling makes them differ."""
    levels, labels = first_raters("test")
    hits = levels == labels
    low, high = two_ends(call_for_result(answer, levels, labels))
    error = hits.std() / len(hits) ** 0.5
    width = (high - low) / error
    if {low, high} == {0.0, 1.0}:
        raise SPREAD_OF_ANSWERS.error()
    if high == low:
        raise WITHOUT_REPLACEMENT.error()
    if math.isclose((low + high) / 2, hits.mean(), abs_tol=0.2 * error):
        # Twice the quantiles of the normal distribution at 95 % and at 97.5 %.
        if math.isclose(width, 3.92, abs_tol=0.3):
            return
        if math.isclose(width, 3.29, abs_tol=0.3):
            raise FIVE_PERCENT_EACH_SIDE.error()
    raise wrong_interval(low, high, hits.mean() - 1.96 * error, hits.mean() + 1.96 * error)


def two_ends(interval: object) -> tuple[float, float]:
    """Return the ends of an interval that an answer gave.

    Raises:
        WrongAnswer: if it is not two numbers.
    """
    ends = np.asarray(interval, dtype=object).ravel()
    if len(ends) != 2 or not all(isinstance(end, int | float | np.number) for end in ends):
        raise not_as_asked(
            "应当返回两个数：置信区间的下端和上端。",
            "Two numbers are asked for: the lower and the upper end of the confidence interval.",
        )
    return float(ends[0]), float(ends[1])


def wrong_interval(low: float, high: float, right_low: float, right_high: float) -> WrongAnswer:
    """Return the error for an interval that no known misconception explains."""
    return not_as_asked(
        f"得到 {low:.3f} 到 {high:.3f}，应当大约是 {right_low:.3f} 到 {right_high:.3f}："
        "检查重抽的条数和取分位数的地方。",
        f"It gives {low:.3f} to {high:.3f}, and about {right_low:.3f} to {right_high:.3f} is "
        "right: look at how many are drawn each time, and at the quantiles.",
    )


@exercise(
    "06-3",
    "within_one(logits, labels)",
    Hint(
        "先由 logits 得到预测的等级，再和标签比。",
        "First get the predicted levels from the logits, then compare them with the labels.",
    ),
    Hint(
        "每一行里最大的位置：`np.argmax(logits, axis=-1)`。",
        "The place of the largest in each row is `np.argmax(logits, axis=-1)`.",
    ),
    Hint(
        "差多少级是 `np.abs(predictions - labels)`；数一数 `<= 1` 的比例。",
        "They are off by `np.abs(predictions - labels)` levels; take the share that is `<= 1`.",
    ),
)
def _within_one(answer: Answer) -> None:
    generator = np.random.default_rng(0)
    cases = [(generator.normal(size=(n, 5)), generator.integers(0, 5, n)) for n in (40, 300)]
    # As many reviews as classes: there rows and columns can be taken for each other.
    square = np.array([[0.1, 1.0, 0.2], [0.9, 0.0, 0.1], [0.2, 0.4, 0.3]])
    cases += [(square, np.array([2, 2, 0]))]

    def within_one(logits: np.ndarray, labels: np.ndarray) -> float:
        return float(np.mean(np.abs(logits.argmax(axis=-1) - labels) <= 1))

    mistakes = {
        LOGITS_AS_PREDICTIONS: [
            lambda logits, labels: np.mean(np.abs(logits - labels) <= 1),
            lambda logits, labels: np.mean(np.abs(logits - labels[:, None]) <= 1),
        ],
        ARGMAX_OF_COLUMNS: lambda logits, labels: np.mean(
            np.abs(logits.argmax(axis=0) - labels) <= 1
        ),
        SIGN_FORGOTTEN: [
            lambda logits, labels: np.mean(logits.argmax(axis=-1) - labels <= 1),
            lambda logits, labels: np.mean(labels - logits.argmax(axis=-1) <= 1),
        ],
    }
    compare(answer, cases, within_one, mistakes)
