"""Check the exercises of notebook 13, improve."""

from collections.abc import Mapping

import numpy as np

from helpers.check.answers import Answer, Hint, Misconception, compare, exercise
from helpers.check.reviews import panel_logits

COST_IGNORED = Misconception(
    "cost-ignored",
    "你取了概率最大的一级，没有看代价：先算每一种答案的期望代价，再取最小的。",
    "You took the most probable level and did not look at the cost: work out what each answer "
    "costs on average, and take the cheapest.",
)
MEDIAN_FOR_ANY_COST = Misconception(
    "median-for-any-cost",
    "你总取中位数：它只在代价是差几级的时候最小，换一种代价，就要重新算期望。",
    "You always took the median: it is the cheapest only if the cost is the number of levels, and "
    "another cost needs its own average.",
)
COST_TURNED = Misconception(
    "cost-turned",
    "你把代价的行和列弄反了：`cost[i, j]` 的行是真的等级，概率要和行相乘。",
    "You turned the rows and columns of the cost: a row of `cost[i, j]` is the level that is true, "
    "and the probabilities belong to the rows.",
)
DEAREST_FOR_CHEAPEST = Misconception(
    "dearest-for-cheapest",
    "你取了期望代价最大的一级：代价越小越好，用 `argmin`。",
    "You took the level with the largest expected cost: a cost should be small, so use `argmin`.",
)
PAIRED_BY_PLACE = Misconception(
    "paired-by-place",
    "你按先后配对：两个字典里种子的先后可以不同，要用种子当键去取。",
    "You made pairs by place: the seeds may come in another order, so look each of them up by its "
    "key.",
)
GAINS_NOT_IN_PAIRS = Misconception(
    "gains-not-in-pairs",
    "你把两边各自的波动加在一起，区间就太宽了：种子相同的先相减，再求差的区间。",
    "You added up how much either side varies, which is too wide: subtract runs of the same seed "
    "first, then take the interval of the differences.",
)
NORMAL_FOR_T = Misconception(
    "normal-for-t",
    "你用了 1.96，那要标准差是已知的：凭几对估计标准差，要用更大的 t 分位数。",
    "You took 1.96, as if the standard deviation were known: a few pairs only estimate it, and "
    "the quantile of t is larger.",
)
SPREAD_FOR_ERROR = Misconception(
    "spread-for-error",
    "你用了一个差的标准差：平均的差没有那么不稳，要再除以对数的平方根。",
    "You took the standard deviation of one difference: their mean varies less, so divide by the "
    "square root of the number of pairs.",
)
NOT_CORRECTED = Misconception(
    "not-corrected",
    "你拿 p 直接和界限比：试得多了，总有几个靠运气小于它，要先校正。",
    "You compared each p with the level as it is: with many ideas some are below it by luck, so "
    "correct them first.",
)
SAME_FACTOR_FOR_ALL = Misconception(
    "same-factor-for-all",
    "你给每个 p 乘了同一个数，那是 Bonferroni 校正：Holm 只有最小的乘总数，后面依次少乘一。",
    "You multiplied every p by the same number, which is Bonferroni's correction: by Holm's only "
    "the smallest takes the whole number, and each one after it takes one less.",
)
UNWRITTEN_NOT_COUNTED = Misconception(
    "unwritten-not-counted",
    "你只数了写下来的办法：试过又没有写的也给了运气机会，从 `tried` 数起。",
    "You counted only the ideas that are written down: the others were chances for luck as well, "
    "so begin with `tried`.",
)
WENT_ON_AFTER_A_MISS = Misconception(
    "went-on-after-a-miss",
    "有一个没有通过，你还接着看后面的：校正以后的 p 不许比前面的小，到第一个不通过的就停。",
    "You went on after one that failed: a corrected p may not be smaller than the one before it, "
    "so stop at the first that fails.",
)


@exercise(
    "13-1",
    "cheapest_level(probabilities, cost)",
    Hint(
        "先想一条评论：答某一级，平均要付多少代价？五种答案各算一次。",
        "Think of one review first: what does it cost on average to answer one of the levels? Work "
        "it out for all five answers.",
    ),
    Hint(
        "答 `j` 的期望代价是 `sum(probabilities[i] * cost[i, j])`，也就是一次矩阵乘法。",
        "Answering `j` costs `sum(probabilities[i] * cost[i, j])` on average, which is a product "
        "of matrices.",
    ),
    Hint(
        "`probabilities @ cost` 的每一行是五种答案的代价；用 `argmin(axis=1)` 取最小的。",
        "Each row of `probabilities @ cost` has the costs of the five answers; `argmin(axis=1)` "
        "takes the cheapest.",
    ),
)
def _cheapest_level(answer: Answer) -> None:
    """The raters' votes on real reviews; levels off, and a cost that has a direction."""
    from helpers.calibration import softmax

    probabilities = softmax(panel_logits("test", 100)[0], 1.3)
    off = np.arange(5) - np.arange(5)[:, np.newaxis]
    costs = [abs(off), np.where(off > 0, 4 * off, -off)]
    cases = [(probabilities, cost) for cost in costs] + [(probabilities[:1], costs[1])]

    def right(rows: np.ndarray, cost: np.ndarray) -> np.ndarray:
        return (rows @ cost).argmin(axis=1)

    mistakes = {
        COST_IGNORED: lambda rows, _: rows.argmax(axis=1),
        MEDIAN_FOR_ANY_COST: lambda rows, _: (rows.cumsum(axis=1) < 0.5).sum(axis=1),
        COST_TURNED: lambda rows, cost: right(rows, cost.T),
        DEAREST_FOR_CHEAPEST: lambda rows, cost: right(rows, -cost),
    }
    compare(answer, cases, right, mistakes)


@exercise(
    "13-2",
    "paired_gain(before, after)",
    Hint(
        "先找出两边都有的种子；一个种子给出一个差。",
        "Find the seeds that both sides have; each of them gives one difference.",
    ),
    Hint(
        "`[after[seed] - before[seed] for seed in before if seed in after]` 就是这些差。",
        "`[after[seed] - before[seed] for seed in before if seed in after]` are the differences.",
    ),
    Hint(
        "`scipy.stats.ttest_1samp(gains, 0).confidence_interval()` 给出两端；再加上平均。",
        "`scipy.stats.ttest_1samp(gains, 0).confidence_interval()` gives both ends; add the mean.",
    ),
)
def _paired_gain(answer: Answer) -> None:
    """Seeds in the same order and in another; a seed that one side lacks."""
    from scipy.stats import ttest_1samp, ttest_ind

    recipe = {42: 0.457, 43: 0.439, 44: 0.465, 45: 0.473, 46: 0.474}
    cases = [
        (recipe, {44: 0.481, 47: 0.409, 42: 0.468, 46: 0.475}),
        ({1: 0.40, 2: 0.43, 3: 0.45, 4: 0.52}, {1: 0.41, 2: 0.45, 3: 0.44, 4: 0.55}),
    ]
    Runs = Mapping[int, float]

    def gains(before: Runs, after: Runs) -> np.ndarray:
        return np.array([after[seed] - before[seed] for seed in before if seed in after])

    def interval(values: np.ndarray) -> tuple[float, float, float]:
        return (values.mean(), *ttest_1samp(values, 0).confidence_interval())

    def by_place(before: Runs, after: Runs) -> tuple[float, float, float]:
        pairs = zip(before.values(), after.values(), strict=False)
        return interval(np.array([second - first for first, second in pairs]))

    def half_width(factor: Answer) -> Answer:
        def compute(before: Runs, after: Runs) -> tuple[float, float, float]:
            values = gains(before, after)
            mean, half = values.mean(), factor(values) * values.std(ddof=1)
            return mean, mean - half, mean + half

        return compute

    def apart(common: bool, equal: bool) -> Answer:
        def compute(before: Runs, after: Runs) -> tuple[float, float, float]:
            first = [before[seed] for seed in before if seed in after or not common]
            second = [after[seed] for seed in after if seed in before or not common]
            test = ttest_ind(second, first, equal_var=equal)
            return (np.mean(second) - np.mean(first), *test.confidence_interval())

        return compute

    def spread(values: np.ndarray) -> float:
        one = interval(values)
        return (one[2] - one[0]) / values.std(ddof=1) * len(values) ** 0.5

    mistakes = {
        PAIRED_BY_PLACE: by_place,
        GAINS_NOT_IN_PAIRS: [
            apart(common, equal) for common in (True, False) for equal in (True, False)
        ],
        NORMAL_FOR_T: [
            half_width(lambda values: 1.96 / len(values) ** 0.5),
            half_width(lambda values: 1.959964 / len(values) ** 0.5),
        ],
        SPREAD_FOR_ERROR: [half_width(spread), half_width(lambda values: 1.96)],
    }
    compare(answer, cases, lambda *case: interval(gains(*case)), mistakes)


@exercise(
    "13-3",
    "helping(p_values, tried, level)",
    Hint(
        "先按 p 从小到大排。最小的一个要和最多的对手比，所以乘得最多。",
        "Sort by p first, the smallest in front. The smallest was picked out of the most, so it is "
        "multiplied by the most.",
    ),
    Hint(
        "第 `place` 个（从 0 数起）乘 `tried - place`，再和 `level` 比。",
        "Multiply number `place`, counted from 0, by `tried - place`, and compare with `level`.",
    ),
    Hint(
        "从最小的看起，不小于 `level` 就 `break`；在它前面的名字就是答案。",
        "Begin with the smallest, and `break` where it is not below `level`; the names before it "
        "are the answer.",
    ),
)
def _helping(answer: Answer) -> None:
    """All written down, some left out, one that fails between two others, one just not below."""
    four = {"pooling": 0.022, "soft labels": 0.010, "median": 0.80, "LoRA": 0.012}
    five = {"a": 0.0042, "b": 0.001, "c": 0.0038, "d": 0.0045, "e": 0.03}
    cases = [(four, 4, 0.05), (five, 14, 0.05), (five, 5, 0.01), ({"longer": 0.025}, 2, 0.05)]
    Values = Mapping[str, float]

    def holm(p_values: Values, tried: int, level: float) -> list[str]:
        names = sorted(p_values, key=p_values.get)
        kept = each_alone(p_values, tried, level)
        return [name for place, name in enumerate(names) if names[: place + 1] == kept[: place + 1]]

    def each_alone(p_values: Values, tried: int, level: float) -> list[str]:
        names = sorted(p_values, key=p_values.get)
        return [
            name for place, name in enumerate(names) if p_values[name] * (tried - place) < level
        ]

    def times(p_values: Values, factor: int, level: float) -> list[str]:
        names = sorted(p_values, key=p_values.get)
        return [name for name in names if p_values[name] * factor < level]

    mistakes = {
        NOT_CORRECTED: lambda p_values, _, level: times(p_values, 1, level),
        SAME_FACTOR_FOR_ALL: [times, lambda values, _, level: times(values, len(values), level)],
        UNWRITTEN_NOT_COUNTED: lambda values, _, level: holm(values, len(values), level),
        WENT_ON_AFTER_A_MISS: each_alone,
    }
    compare(answer, cases, holm, mistakes)
