"""Check the exercises of notebook 04, sample."""

from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING

from helpers.check.answers import (
    Answer,
    Hint,
    Misconception,
    call,
    call_for_result,
    compare,
    exercise,
    not_as_asked,
    same,
)
from helpers.check.notebook_01 import COUNTED_FROM_ONE
from helpers.check.reviews import load_split, review_rows
from helpers.levels import LEVELS

if TYPE_CHECKING:
    from datasets import Dataset

ONE_SEED_FOR_ALL = Misconception(
    "one-seed-for-all",
    "你每次用的是同一个种子，抽到的当然一样：把循环里的 `seed` 交给 `shuffle`。",
    "You used the same seed each time, so that every sample is the same: pass the loop's `seed` to "
    "`shuffle`.",
)
SELECTED_BEFORE_SHUFFLING = Misconception(
    "selected-before-shuffling",
    "你先取了前面的行，打乱与否都是它们：先 `shuffle(seed=seed)`，再 `select(range(size))`。",
    "You took the first rows, which stay the same however they are shuffled: "
    "`shuffle(seed=seed)` first, then `select(range(size))`.",
)
PER_LABEL_AS_TOTAL = Misconception(
    "per-label-as-total",
    "你把每级的条数当成了总数：每一级各要 `per_label` 条，五级合起来是它的五倍。",
    "You took the number for each level as the total: every level gets `per_label` rows, five "
    "times as many in all.",
)
RANDOM_FOR_BALANCED = Misconception(
    "random-for-balanced",
    "随机抽样或分层抽样保持原来的比例，不会让各级一样多：要在每一级里各抽 `per_label` 条。",
    "A random or a stratified sample keeps the shares as they are and does not make them equal: "
    "draw `per_label` rows within each level.",
)
FIRST_OF_EACH_LEVEL = Misconception(
    "first-of-each-level",
    "你取的是每一级最前面的几条，换种子也不变：数据的次序不是随机的，先用 `seed` 打乱。",
    "You took the first rows of each level, whatever the seed: the data are not in random order, "
    "so shuffle with `seed` first.",
)
LETTER_FOR_LETTER = Misconception(
    "letter-for-letter",
    "你逐字比较，只差大小写的同一条评论就漏掉了：比较之前先用 `casefold` 统一大小写。",
    "You compared letter for letter, which misses the same review in other case: bring both to one "
    "case with `casefold` first.",
)
ONLY_THE_ENDS_STRIPPED = Misconception(
    "only-the-ends-stripped",
    "你只统一了大小写和两头的空白，中间多一个空格就漏掉了：用 `' '.join(text.split())`。",
    "You evened out case and the spaces at the ends, and a double space inside is missed: use "
    "`' '.join(text.split())`.",
)
SPACES_THROWN_AWAY = Misconception(
    "spaces-thrown-away",
    "你把空格全去掉了，a part 和 apart 也成了同一条：一串空白要换成一个空格，不是没有。",
    "You threw all spaces away, so that a part and apart become the same: a run of spaces becomes "
    "one space, not none.",
)


@exercise(
    "04-1",
    "neutral_range(rows, size, seeds)",
    Hint(
        "每个种子做同样的三步：打乱、取前几条、数 `neutral`。",
        "Do the same three steps for each seed: shuffle, take the first rows, count `neutral`.",
    ),
    Hint(
        "`rows.shuffle(seed=seed).select(range(size))` 是一个样本；`neutral` 的数字用 "
        "`str2int` 查。",
        "`rows.shuffle(seed=seed).select(range(size))` is a sample; `str2int` gives the "
        "number of `neutral`.",
    ),
    Hint(
        "每个样本数 `sample['label'][:].count(neutral)`，最后返回 `min` 和 `max`。",
        "Count `sample['label'][:].count(neutral)` in each sample, and return the `min` and "
        "the `max`.",
    ),
)
def _neutral_range(answer: Answer) -> None:
    rows = review_rows("train", 3_900, 6_400)
    cases = [(rows, 500, range(6)), (rows, 200, [3, 1, 4])]

    def counts(rows: "Dataset", size: int, seeds: Iterable[int], label: int = 2) -> list[int]:
        samples = (rows.shuffle(seed=seed).select(range(size)) for seed in seeds)
        return [sample["label"][:].count(label) for sample in samples]

    def ends(found: list[int]) -> tuple[int, int]:
        return min(found), max(found)

    first = [rows[:size]["label"].count(2) for _, size, _ in cases]
    found = [call(answer, *case) for case in cases]
    if same(found, [(count, count) for count in first]):
        raise SELECTED_BEFORE_SHUFFLING.error()
    if all(isinstance(pair, tuple | list) and len(set(pair)) == 1 for pair in found):
        raise ONE_SEED_FOR_ALL.error()
    mistakes = {COUNTED_FROM_ONE: lambda *case: ends(counts(*case, label=3))}
    compare(answer, cases, lambda *case: ends(counts(*case)), mistakes)


@exercise(
    "04-2",
    "balanced_sample(rows, per_label, seed)",
    Hint(
        "先打乱，再在每一级里取前几条。不打乱，取到的总是最前面的。",
        "Shuffle first, then take the first few of each level. Without the shuffle they are "
        "always the very first ones.",
    ),
    Hint(
        "打乱后取出 `labels`；对每一级，找出 `labels` 等于它的位置，只留前 `per_label` 个。",
        "Take the `labels` after the shuffle; for each level, find the places where they "
        "equal it, and keep `per_label` of them.",
    ),
    Hint(
        "把各级的位置放进一个列表，最后 `shuffled.select(picks)`。",
        "Collect the places of all levels in one list, then `shuffled.select(picks)`.",
    ),
)
def _balanced_sample(answer: Answer) -> None:
    """Properties that hold whatever rows the seed picks."""
    from datasets import Dataset

    rows = review_rows("train", 3_900, 6_400)
    per_label = 20
    sample, other = (call_for_result(answer, rows, per_label, seed) for seed in (1, 2))
    if not isinstance(sample, Dataset) or "label" not in sample.column_names:
        raise not_as_asked(
            "应当返回一个 `Dataset`，列和原来一样：用 `rows.select(...)` 取出行。",
            "A `Dataset` with the same columns is asked for: take its rows with "
            "`rows.select(...)`.",
        )
    counts = Counter(sample["label"][:])
    if len(sample) == per_label:
        raise PER_LABEL_AS_TOTAL.error()
    if any(counts[label] != per_label for label in range(len(LEVELS))):
        if len(sample) == per_label * len(LEVELS):
            raise RANDOM_FOR_BALANCED.error()
        raise not_as_asked(
            f"各级的条数是 {dict(sorted(counts.items()))}，应当各有 {per_label} 条。",
            f"The levels have {dict(sorted(counts.items()))} rows, and {per_label} of each are "
            "right.",
        )
    if len(set(sample["text"])) < len(sample) or not set(sample["text"]) <= set(rows["text"]):
        raise not_as_asked(
            "有的行不止一次，或者不是这份数据里的：每一行至多取一次。",
            "Some rows come twice or are not of these data: take each row at most once.",
        )
    if set(sample["text"]) == set(other["text"]):
        raise FIRST_OF_EACH_LEVEL.error()


@exercise(
    "04-3",
    "shared_count(first, second)",
    Hint(
        "比较之前，先把每条文字变成统一的写法。",
        "Bring every text to one form before you compare.",
    ),
    Hint(
        "`text.casefold()` 去掉大小写之分；`split()` 再用空格连起来，就去掉了多余的空白。",
        "`text.casefold()` removes the difference of case; `split()`, joined again by a "
        "space, removes extra white space.",
    ),
    Hint(
        '`" ".join(text.casefold().split())`；把 `first` 的结果放进集合，再数 `second` 里有几'
        "条在其中。",
        '`" ".join(text.casefold().split())`; put those of `first` into a set, and count how '
        "many of `second` are in it.",
    ),
)
def _shared_count(answer: Answer) -> None:
    reviews = load_split("train")[:30]["text"]
    first = [*reviews, "It was a part of me."]
    lowered = [text[0].lower() + text[1:] for text in reviews[:3]]
    spaced = [text.replace(" ", "  ", 1) for text in reviews[3:8]]
    others = load_split("test")[:10]["text"]
    second = [*others, reviews[8], *lowered, f" {reviews[9]}\n", *spaced, "It was apart of me."]
    few = (["Too  long.", "Fine"], ["too long. ", "FINE", "fin e", "Long."])
    cases = [few, (first, second), (reviews, others)]

    def shared(normalize: Answer) -> Answer:
        def count(first: list[str], second: list[str]) -> int:
            known = {normalize(text) for text in first}
            return sum(normalize(text) in known for text in second)

        return count

    mistakes = {
        LETTER_FOR_LETTER: shared(str),
        ONLY_THE_ENDS_STRIPPED: [
            shared(lambda text: text.casefold().strip()),
            shared(str.casefold),
        ],
        SPACES_THROWN_AWAY: shared(lambda text: "".join(text.casefold().split())),
    }
    compare(answer, cases, shared(lambda text: " ".join(text.casefold().split())), mistakes)
