"""Check the exercises of notebook 00, quickstart."""

from collections import Counter
from collections.abc import Sequence

import numpy as np

from helpers.check.answers import Answer, Hint, Misconception, compare, exercise
from helpers.check.reviews import first_raters
from helpers.levels import LEVELS

COUNT_FOR_SHARE = Misconception(
    "count-for-share",
    "你返回的是对了几条：准确率是比例，还要除以总条数。",
    "You returned how many are right: accuracy is a share, so divide by how many there are.",
)
PERCENT_FOR_SHARE = Misconception(
    "percent-for-share",
    "你返回的是百分数：这里要 0 到 1 之间的数，不要乘 100。",
    "You returned a percentage: a number from 0 to 1 is asked for, not multiplied by 100.",
)
PLACES_IGNORED = Misconception(
    "places-ignored",
    "你只比了各级有几条，没有看是哪几条：要同一个位置上的预测和答案一样，才算对。",
    "You compared how often each level occurs, not where: a prediction is right if it equals the "
    "answer in its own place.",
)
VALUE_FOR_PLACE = Misconception(
    "value-for-place",
    "你返回的是最大的那个数：它有多大不是答案，它在第几个位置才是。",
    "You returned the largest number itself: not its size is the answer, but the place in which it "
    "is.",
)
PLACE_FOR_NAME = Misconception(
    "place-for-name",
    "你返回的是位置：它是等级的编号，名字要从 `names` 里取。",
    "You returned the place, which is the number of the level: its name is in `names`.",
)
SIZE_OF_LOGIT = Misconception(
    "size-of-logit",
    "你去掉了负号再比：很小的负数说的是“最不像这一级”，logits 要按原样比较。",
    "You compared without the signs: a large negative number says that the level is unlikely, so "
    "compare the logits as they are.",
)
LOSSES_IGNORED = Misconception(
    "losses-ignored",
    "你只数了由错变对的：训练之后也有由对变错的，每一条要减 1。",
    "You counted only what became right: some reviews became wrong, and each of these counts −1.",
)
GAIN_REVERSED = Misconception(
    "gain-reversed",
    "你用训练前减去了训练后：变好了应当是正数。",
    "You subtracted after from before: what becomes better should be above 0.",
)
RATIO_FOR_DIFFERENCE = Misconception(
    "ratio-for-difference",
    "你算的是增长了几成：这里要的是两个比例之差，不要再除以训练前的。",
    "You worked out the growth relative to before: the difference of the two shares is asked for, "
    "so do not divide by the one before.",
)


def accuracy(predictions: Sequence[int], references: Sequence[int]) -> float:
    """Return the share of equal pairs."""
    return float(np.mean(np.equal(predictions, references)))


@exercise(
    "00-1",
    "accuracy(predictions, references)",
    Hint(
        "同一个位置上的预测和答案是一对。先数有几对相同。",
        "The prediction and the answer in the same place belong together. Count the pairs "
        "that are equal first.",
    ),
    Hint(
        "`zip(predictions, references)` 给出这些对；`sum(a == b for a, b in ...)` 数出相同的。",
        "`zip(predictions, references)` gives the pairs, and `sum(a == b for a, b in ...)` "
        "counts the equal ones.",
    ),
    Hint(
        "用相同的对数除以 `len(references)`。",
        "Divide the number of equal pairs by `len(references)`.",
    ),
)
def _accuracy(answer: Answer) -> None:
    levels, labels = (values.tolist() for values in first_raters("test"))
    cases = [([4, 0, 2, 2], [4, 1, 2, 0]), (levels[:90], labels[:90])]

    def same_levels(predictions: Sequence[int], references: Sequence[int]) -> float:
        both = Counter(predictions) & Counter(references)
        return sum(both.values()) / len(references)

    mistakes = {
        COUNT_FOR_SHARE: lambda *case: np.equal(*case).sum(),
        PERCENT_FOR_SHARE: [
            lambda *case: 100 * accuracy(*case),
            lambda *case: round(100 * accuracy(*case)),
        ],
        PLACES_IGNORED: [
            same_levels,
            lambda predictions, references: accuracy(sorted(predictions), sorted(references)),
        ],
    }
    compare(answer, cases, accuracy, mistakes)


@exercise(
    "00-2",
    "level_name(logits, names)",
    Hint(
        "每个等级有一个数，最大的那个就是模型的答案。要的是它在第几个，不是它有多大。",
        "There is a number for each level, and the largest is the model's answer. You need "
        "its place, not its value.",
    ),
    Hint(
        "`logits.index(max(logits))` 给出位置，从 0 数起；负数也照常比较。",
        "`logits.index(max(logits))` gives the place, counted from 0; negative numbers "
        "compare as usual.",
    ),
    Hint("等级的名字是 `names[place]`。", "The level's name is `names[place]`."),
)
def _level_name(answer: Answer) -> None:
    rows = [
        [-2.5, -0.3, 0.2, 0.6, 1.1],
        [-1.2, -0.4, -0.9, -2.1, -3.0],
    ]
    cases = [(row, list(LEVELS)) for row in rows]

    def at_largest(row: Sequence[float], names: Sequence[str]) -> str:
        return names[np.argmax(row)]

    mistakes = {
        VALUE_FOR_PLACE: lambda row, _: max(row),
        PLACE_FOR_NAME: lambda row, _: np.argmax(row),
        SIZE_OF_LOGIT: lambda row, names: at_largest(np.abs(row), names),
    }
    compare(answer, cases, at_largest, mistakes)


@exercise(
    "00-3",
    "gain(before, after)",
    Hint(
        "一条评论有四种情况：一直对、一直错、由错变对、由对变错。哪两种会改变准确率？",
        "A review has four fates: always right, always wrong, wrong then right, right then "
        "wrong. Which two change the accuracy?",
    ),
    Hint(
        "每条评论的差是 `after - before`：由错变对是 1，由对变错是 −1，其余是 0。",
        "The difference of a review is `after - before`: 1 if it became right, −1 if it "
        "became wrong, else 0.",
    ),
    Hint(
        "把这些差加起来，除以条数。",
        "Add these differences up, and divide by the number of reviews.",
    ),
)
def _gain(answer: Answer) -> None:
    levels, labels = first_raters("test")
    # Always the same level, against what the first rater of each review says.
    real = ((labels == 4)[:100].tolist(), (levels == labels)[:100].tolist())
    cases = [([False, True, False, False], [True, False, True, True]), real]

    def share(flags: Sequence[bool]) -> float:
        return sum(flags) / len(flags)

    def gain(before: Sequence[bool], after: Sequence[bool]) -> float:
        return share(after) - share(before)

    def only_gains(before: Sequence[bool], after: Sequence[bool]) -> float:
        return share(np.greater(after, before))

    mistakes = {
        LOSSES_IGNORED: only_gains,
        GAIN_REVERSED: lambda before, after: gain(after, before),
        RATIO_FOR_DIFFERENCE: [
            lambda before, after: gain(before, after) / share(before),
            lambda before, after: share(after) / share(before),
        ],
    }
    compare(answer, cases, gain, mistakes)
