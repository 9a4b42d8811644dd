"""Check the exercises of notebook 01, load_dataset."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from helpers.check.answers import Answer, Hint, Misconception, compare, exercise
from helpers.check.reviews import review_rows
from helpers.levels import LEVELS

if TYPE_CHECKING:
    from datasets import Dataset, IterableDataset

COUNTED_FROM_ONE = Misconception(
    "label-counted-from-one",
    "你把标签当成了 1 到 5：标签从 0 数起，0 是最差的一级，名字要用 `int2str` 取。",
    "You read the label as 1 to 5: labels are counted from 0, the lowest level, and `int2str` "
    "gives their names.",
)
NUMBER_FOR_NAME = Misconception(
    "number-for-name",
    "你交出的等级还是数字：用 `rows.features['label'].int2str(number)` 把它换成名字。",
    "You left the level a number: `rows.features['label'].int2str(number)` gives its name.",
)
PAST_THE_END = Misconception(
    "past-the-end",
    "你用行数作下标，越过了末尾：下标从 0 数起，最后一行是 `rows[-1]`。",
    "You took the number of rows as an index, which is past the end: indices are counted from 0, "
    "and the last row is `rows[-1]`.",
)
WORDS_FOR_CHARACTERS = Misconception(
    "words-for-characters",
    "你数的是词：`len(text.split())` 是词数，字符数是 `len(text)`。",
    "You counted words: `len(text.split())` is the number of words, and `len(text)` that of "
    "characters.",
)
ALPHABET_FOR_LENGTH = Misconception(
    "alphabet-for-length",
    "你取的是按字母排在最后的评论：`max` 比较字符串看的是字母，要比长度就加上 `key`。",
    "You took the last review of the alphabet: `max` compares texts letter by letter, and a `key` "
    "makes it compare lengths.",
)
NAME_FOR_NUMBER = Misconception(
    "name-for-number",
    "你拿等级的名字去比存着的数字，永远不相等：先用 `str2int` 把名字换成数字。",
    "You compared a level's name with the number that is stored, which are never equal: turn the "
    "name into a number with `str2int` first.",
)
STREAM_HAS_LENGTH = Misconception(
    "stream-has-length",
    "你向数据流要长度：流式读取的数据集没有 `len`，只能从头到尾读一遍，边读边数。",
    "You asked a stream for its length: a streamed dataset has no `len`, so read it from start to "
    "end and count.",
)
PART_OF_A_NAME = Misconception(
    "part-of-a-name",
    "你用 `in` 在名字里找名字，positive 把 very positive 也算了进去：要用 `==` 比较整个等级。",
    "You looked for a name inside names, so that positive also counts very positive: compare whole "
    "levels with `==`.",
)


def stream_of(*places: int) -> "IterableDataset":
    """Return some rows of the test set as a stream."""
    rows = review_rows("test", *places)
    stream = rows.to_iterable_dataset()
    stream.shown_as = f"{rows.shown_as}.to_iterable_dataset()"
    return stream


def last_review(rows: "Dataset") -> tuple[str, str]:
    """Return the last text and the name of its level."""
    return rows[-1]["text"], LEVELS[rows[-1]["label"]]


def longest_review(rows: "Dataset") -> tuple[int, str]:
    """Return the number of characters of the longest text, and the name of its level."""
    row = max(rows, key=lambda row: len(row["text"]))
    return len(row["text"]), LEVELS[row["label"]]


def count_level(stream: "IterableDataset", name: str) -> int:
    """Count the rows of a level in a stream."""
    return sum(LEVELS[row["label"]] == name for row in stream)


@exercise(
    "01-1",
    "last_review(rows)",
    Hint(
        "划分像列表一样用下标取行，负的下标从末尾数起。",
        "A split takes indices like a list, and negative ones count from the end.",
    ),
    Hint(
        "取出的行是字典：`row['label']` 是数字，它的名字在 `rows.features['label']` 里。",
        "A row is a dict: `row['label']` is a number, whose name is in `rows.features['label']`.",
    ),
    Hint(
        "`row = rows[-1]`；名字是 `rows.features['label'].int2str(row['label'])`。",
        "`row = rows[-1]`; the name is `rows.features['label'].int2str(row['label'])`.",
    ),
)
def _last_review(answer: Answer) -> None:
    cases = [(review_rows("test", size),) for size in (7, 12, 300)]
    mistakes = {
        COUNTED_FROM_ONE: lambda rows: (rows[-1]["text"], LEVELS[rows[-1]["label"] - 1]),
        NUMBER_FOR_NAME: lambda rows: (rows[-1]["text"], rows[-1]["label"]),
        PAST_THE_END: lambda rows: rows[len(rows)],
    }
    compare(answer, cases, last_review, mistakes)


@exercise(
    "01-2",
    "longest_review(rows)",
    Hint(
        "`max` 能找出最长的一行，只要告诉它比什么。",
        "`max` finds the longest row once you tell it what to compare.",
    ),
    Hint(
        "`max(rows, key=...)`：`key` 是一个函数，给它一行，它返回文字的长度。",
        "`max(rows, key=...)`: the `key` is a function that takes a row and returns the "
        "length of its text.",
    ),
    Hint(
        "`longest = max(rows, key=lambda row: len(row['text']))`；再返回长度和等级的名字（"
        "`int2str`）。",
        "`longest = max(rows, key=lambda row: len(row['text']))`; then return its length and "
        "the name of its level (`int2str`).",
    ),
)
def _longest_review(answer: Answer) -> None:
    # Five can be counted by hand: a message names those if they are wrong too.
    cases = [(review_rows("train", *places),) for places in ((5,), (300,), (4_600, 4_900))]

    def longest_in_words(rows: "Dataset") -> tuple[int, str]:
        row = max(rows, key=lambda row: len(row["text"].split()))
        return len(row["text"].split()), LEVELS[row["label"]]

    def last_of_the_alphabet(rows: "Dataset") -> tuple[int, str]:
        row = max(rows, key=lambda row: row["text"])
        return len(row["text"]), LEVELS[row["label"]]

    mistakes = {
        WORDS_FOR_CHARACTERS: longest_in_words,
        ALPHABET_FOR_LENGTH: last_of_the_alphabet,
    }
    compare(answer, cases, longest_review, mistakes)


@exercise(
    "01-3",
    "count_level(stream, name)",
    Hint(
        "流没有长度，也没有下标，但能用 `for` 从头读到尾。",
        "A stream has neither a length nor indices, but `for` reads it from start to end.",
    ),
    Hint(
        "行里存的是数字：先用 `stream.features['label'].str2int(name)` 把名字换成数字。",
        "The rows store numbers: turn the name into one with "
        "`stream.features['label'].str2int(name)` first.",
    ),
    Hint(
        "`sum(row['label'] == number for row in stream)` 边读边数。",
        "`sum(row['label'] == number for row in stream)` counts as it reads.",
    ),
)
def _count_level(answer: Answer) -> None:
    cases = [(stream_of(*places), name) for places in ((6,), (850, 1_000)) for name in LEVELS]

    def among(rows: Iterable[dict], wanted: Answer) -> int:
        return sum(wanted(row["label"]) for row in rows)

    mistakes = {
        NAME_FOR_NUMBER: lambda rows, name: 0,
        COUNTED_FROM_ONE: lambda rows, name: among(
            rows, lambda label: label == LEVELS.index(name) + 1
        ),
        STREAM_HAS_LENGTH: lambda rows, name: len(rows),
        PART_OF_A_NAME: lambda rows, name: among(rows, lambda label: name in LEVELS[label]),
    }
    compare(answer, cases, count_level, mistakes)
