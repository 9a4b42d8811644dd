"""Check the exercises of notebook 02, random_display."""

import random

import numpy as np

from helpers.check.answers import (
    Answer,
    Hint,
    Misconception,
    another_value,
    call,
    call_for_result,
    call_or_failure,
    compare,
    exercise,
    format_call,
    not_as_asked,
    same,
)
from helpers.check.reviews import review_rows

DRAWS = 3_000

SAMPLED_BEFORE_FILTERING = Misconception(
    "sampled-before-filtering",
    "你先抽样、后筛选，剩下的就不够数：先筛出这一级的评论，再从里面抽。",
    "You sampled first and filtered afterwards, which leaves too few: filter the reviews of the "
    "level, then sample among them.",
)
DRAWN_TWICE = Misconception(
    "drawn-twice",
    "你是有放回地抽，同一条会抽中两次：用 `random.sample`，或打乱以后取前面几条。",
    "You drew with replacement, so that a review comes twice: use `random.sample`, or shuffle and "
    "take the first ones.",
)
SEED_NOT_USED = Misconception(
    "seed-not-used",
    "抽中哪些不由种子决定：把 `seed` 交给 `shuffle` 或 `random.Random`，"
    "同一个种子抽到同样的，不同的种子抽到不同的。",
    "The seed does not decide which ones are drawn: pass `seed` to `shuffle` or `random.Random`, "
    "so that one seed draws the same ones again and another seed draws others.",
)
CHANCE_STAYS = Misconception(
    "chance-stays",
    "你给每一行同样大的替换机会，后来的行就占了便宜：读到第 n 行时，机会应当缩小到 `size / n`。",
    "You gave every row the same chance to replace another, which favours the late ones: at row n "
    "the chance has to shrink to `size / n`.",
)
EVERY_ROW_LET_IN = Misconception(
    "every-row-let-in",
    "你让后来的每一行都替换一个，最后留下的都是末尾的行：读到第 n 行，只有 `size / n` 的机会替换。",
    "You let every later row replace one, so that the last rows remain: row n may replace one only "
    "with the chance `size / n`.",
)
ROW_ITSELF_NOT_COUNTED = Misconception(
    "row-itself-not-counted",
    "你没有把当前这一行数进去：`seen` 已经包括它，所以在 `seen` 个位置里抽，不是 `seen - 1` 个。",
    "You left the row itself out of the count: `seen` includes it, so draw among `seen` places and "
    "not among `seen - 1`.",
)
DICT_NOT_ENTERED = Misconception(
    "dict-not-entered",
    "你没有走进字典，里面的类别还是数字：特征也是字典，对每个名字各用一次 `named`。",
    "You did not enter the dict, and the classes in it are still numbers: its feature is a dict "
    "too, so call `named` for each name.",
)
LAST_FOR_UNLABELLED = Misconception(
    "last-for-unlabelled",
    "你把 -1 当下标，没有标签的行就显示成最后一类：-1 和空值要先变成 `unlabelled`。",
    "You took -1 as an index, so that a row without a label shows the last class: turn -1 and null "
    "into `unlabelled` first.",
)
LIST_IN_DICT_LEFT = Misconception(
    "list-in-dict-left",
    "你只换了字典里单个的类别，里面的列表还是数字：对字典里的每个值递归调用 `named`。",
    "You replaced single classes in the dict and left its lists as numbers: call `named` on "
    "every value of the dict.",
)


@exercise(
    "02-1",
    "random_of_level(rows, level, size, seed)",
    Hint(
        "先只留下这一级的行，再抽。顺序反过来，抽到的就不够。",
        "Keep the rows of the level first, then draw. The other way round, you draw too few.",
    ),
    Hint(
        "`rows.filter(...)` 留下符合条件的行，`shuffle(seed=seed)` 打乱它们。",
        "`rows.filter(...)` keeps the rows that match, and `shuffle(seed=seed)` shuffles them.",
    ),
    Hint(
        "打乱之后取前几条：`of_level.shuffle(seed=seed)[:size]['text']`。",
        "Take the first few after the shuffle: `of_level.shuffle(seed=seed)[:size]['text']`.",
    ),
)
def _random_of_level(answer: Answer) -> None:
    """Properties that hold whatever rows the seed picks."""
    rows = review_rows("train", 4_500, 4_900)
    known = {level: [row["text"] for row in rows if row["label"] == level] for level in (0, 1, 2)}
    for level, size in ((0, 5), (1, 8), (2, len(known[2]))):
        texts = list(call_for_result(answer, rows, level, size, 1))
        if not set(texts) <= set(known[level]):
            raise not_as_asked(
                f"有的评论不是第 {level} 级的：只留下 `row['label'] == level` 的行。",
                f"Some reviews are not of level {level}: keep the rows with "
                "`row['label'] == level`.",
            )
        if len(texts) < size:
            raise SAMPLED_BEFORE_FILTERING.error()
        if len(texts) > size:
            raise another_value(
                f"len({format_call(answer, (rows, level, size, 1))})", len(texts), size
            )
        if len(set(texts)) < size:
            raise DRAWN_TWICE.error()
        again, other = (list(call(answer, rows, level, size, seed)) for seed in (1, 2))
        if again != texts or (size < len(known[level]) and set(other) == set(texts)):
            raise SEED_NOT_USED.error()


@exercise(
    "02-2",
    "replaced_place(seen, size, generator)",
    Hint(
        "读完 `seen` 行时，每一行在池子里的机会都应当是 `size / seen`，刚读的这一行也一样。",
        "After `seen` rows, each of them should be in the reservoir with the chance `size / "
        "seen`, and so should this one.",
    ),
    Hint(
        "从 `seen` 个数里均匀抽一个，它小于 `size` 的机会正好是 `size / seen`。",
        "Draw one of `seen` numbers evenly: the chance that it is below `size` is just `size "
        "/ seen`.",
    ),
    Hint(
        "`place = generator.randrange(seen)`；小于 `size` 就返回它，否则返回 `None`。",
        "`place = generator.randrange(seen)`; return it if it is below `size`, and `None` "
        "otherwise.",
    ),
)
def _replaced_place(answer: Answer) -> None:
    """How often a row gets in, counted over many draws."""
    cases = [(4, 3), (20, 10), (100, 3)]
    shares = []
    for seen, size in cases:
        generator = random.Random(0)
        places = [call(answer, seen, size, generator) for _ in range(DRAWS)]
        kept = [place for place in places if place is not None]
        if not set(kept) <= set(range(size)):
            raise not_as_asked(
                f"位置应当在 0 到 {size - 1} 之间，没有替换时应当是 None。",
                f"A place is a number from 0 to {size - 1}; where nothing is replaced it is None.",
            )
        if kept and len(set(kept)) < size:
            raise not_as_asked(
                "不是每个位置都会被替换：各个位置的机会应当一样大。",
                "Not every place is ever replaced: each should have the same chance.",
            )
        shares.append(len(kept) / DRAWS)

    def fits(chances: list[float]) -> bool:
        # Four standard deviations: one run in some thousands would miss, and the seed is fixed.
        tolerances = 4 * np.sqrt([chance * (1 - chance) / DRAWS for chance in chances])
        return np.allclose(shares, chances, rtol=0, atol=tolerances)

    if fits([size / seen for seen, size in cases]):
        return
    for misconception, chances in {
        CHANCE_STAYS: [size / (size + 1) for _, size in cases],
        EVERY_ROW_LET_IN: [1.0 for _ in cases],
        ROW_ITSELF_NOT_COUNTED: [size / (seen - 1) for seen, size in cases],
    }.items():
        if fits(chances):
            raise misconception.error()
    (seen, size), share = cases[0], shares[0]
    raise not_as_asked(
        f"读到第 {seen} 行、留 {size} 行时，替换了 {share:.0%} 次，应当是 {size / seen:.0%}。",
        f"At row {seen} of a reservoir of {size} it replaces in {share:.0%} of the draws, and "
        f"{size / seen:.0%} is right.",
    )


@exercise(
    "02-3",
    "named(value, feature)",
    Hint(
        "函数要调用自己：列表的每一项、字典的每一个值，都和最外面一样处理。",
        "The function calls itself: each item of a list and each value of a dict is treated "
        "as the outermost one.",
    ),
    Hint(
        "用 `isinstance` 分四种情况：`ClassLabel`、`List`、`dict`、其余；`None` 要先处理。",
        "Tell four cases apart with `isinstance`: `ClassLabel`, `List`, `dict`, and the "
        "rest; mind `None` first.",
    ),
    Hint(
        "列表：对每一项调用 `named(item, feature.feature)`；字典：对每个名字调用 "
        "`named(value[name], feature[name])`。",
        "A list: `named(item, feature.feature)` for each item; a dict: "
        "`named(value[name], feature[name])` for each name.",
    ),
)
def _named(answer: Answer) -> None:
    """Probes for one mistake each, then all of it."""
    from datasets import ClassLabel, List, Value

    from helpers.display import readable

    label = ClassLabel(names=["bad", "fair", "good"])
    row = ({"text": "Good.", "label": 1}, {"text": Value("string"), "label": label})
    rated = ({"film": "Up", "labels": [2, -1]}, {"film": Value("string"), "labels": List(label)})
    if same(call_or_failure(answer, *row), row[0]):
        raise DICT_NOT_ENTERED.error()
    if call_or_failure(answer, -1, label) == "good":
        raise LAST_FOR_UNLABELLED.error()
    if same(call_or_failure(answer, *rated), rated[0]):
        raise LIST_IN_DICT_LEFT.error()
    inner = ({"first": row[0], "second": None}, {"first": row[1], "second": row[1]})
    cases = [(0, label), (None, label), (-1, label), ([0, 2], List(label)), row, rated, inner]
    cases += [("text", Value("string")), (None, List(label))]
    compare(answer, cases, readable, {})
