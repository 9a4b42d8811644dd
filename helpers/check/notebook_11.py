"""Check the exercises of notebook 11, more_data."""

import math
from collections.abc import Iterator, Sequence

import numpy as np

from helpers.check.answers import Answer, Hint, Misconception, compare, exercise

EPOCHS_FOR_STEPS = Misconception(
    "epochs-for-steps",
    "你以为轮数相同，步数就相同：数据少，一轮的步数也少，要多看几轮才走得了那么多步。",
    "You took as many epochs for as many steps: with fewer reviews an epoch has fewer steps, and "
    "it takes more epochs to get as far.",
)
RATIO_OF_REVIEWS = Misconception(
    "ratio-of-reviews",
    "你用条数之比来算轮数：每轮最后一批可能不满，却也是一步，要用步数相除。",
    "You took the ratio of the reviews: the last batch of an epoch may not be full and is a step "
    "all the same, so divide numbers of steps.",
)
EPOCHS_ROUNDED_DOWN = Misconception(
    "epochs-rounded-down",
    "你把轮数向下取整，步数就还差一点：要至少那么多步，轮数向上取整。",
    "You rounded the epochs down, which leaves some steps missing: to get at least as many, round "
    "up.",
)
SHARDS_SHARED_UNEVENLY = Misconception(
    "shards-shared-unevenly",
    "你在分片数不是进程数整数倍的时候也按片分：这时改成一行一行地轮流取，"
    "每个进程都要读完全部分片。",
    "You shared out whole shards although their number is no multiple of the processes: then rows "
    "are taken in turn, and every process reads all shards.",
)
SHARDS_IN_BLOCKS = Misconception(
    "shards-in-blocks",
    "你把相邻的分片分给同一个进程：分片是轮流分的，用 `shards[rank::world_size]`。",
    "You gave neighbouring shards to one process: shards are dealt out in turn, "
    "`shards[rank::world_size]`.",
)
EVERYBODY_READS_ALL = Misconception(
    "everybody-reads-all",
    "你让每个进程都训练全部数据，几个进程就重复了几遍：每一行只能归一个进程。",
    "You let every process train on all rows, which repeats them as many times: each row belongs "
    "to one process.",
)
HALF_THE_CHANCE = Misconception(
    "half-the-chance",
    "你用了 1.96：这样只有一半的机会看出来，要有 80 % 的机会，用 2.8。",
    "You took 1.96, which leaves only an even chance to see the difference: for a chance of 80 %, "
    "take 2.8.",
)
PAIRS_TAKEN_APART = Misconception(
    "pairs-taken-apart",
    "你把两边的标准差分开来算：种子相同，一部分运气一减就抵消了，先一对一对地减，再算标准差。",
    "You took the standard deviations of the two sides: with the same seed some of the luck "
    "cancels, so subtract pair by pair first, and take the standard deviation of that.",
)
SPREAD_OF_THESE_ONLY = Misconception(
    "spread-of-these-only",
    "你除以了 n：这几对只是样本，估计标准差要除以 n−1，用 `ddof=1`。",
    "You divided by n: these pairs are only a sample, and to estimate the standard deviation you "
    "divide by n−1, with `ddof=1`.",
)

Shards = Sequence[Sequence[int]]


@exercise(
    "11-1",
    "epochs_needed(few, many, batch_size, epochs)",
    Hint(
        "要让两次训练走同样多的步，先数大数据那一次的步数。",
        "For both runs to take as many steps, count the steps of the one with more data first.",
    ),
    Hint(
        "一轮的步数是 `ceil(条数 / batch_size)`，乘轮数就是总步数。",
        "An epoch has `ceil(reviews / batch_size)` steps; times the epochs, these are all steps.",
    ),
    Hint(
        "总步数除以小数据一轮的步数，向上取整。",
        "Divide all steps by those of an epoch on the few reviews, and round up.",
    ),
)
def _epochs_needed(answer: Answer) -> None:
    cases = [(250, 8_303, 16, 3), (48, 104, 32, 3)]

    def exact(few: int, many: int, batch_size: int, epochs: int) -> float:
        return math.ceil(many / batch_size) * epochs / math.ceil(few / batch_size)

    mistakes = {
        EPOCHS_FOR_STEPS: lambda few, many, batch_size, epochs: epochs,
        RATIO_OF_REVIEWS: [
            lambda few, many, batch_size, epochs: math.ceil(epochs * many / few),
            lambda few, many, batch_size, epochs: epochs * many / few,
            lambda few, many, batch_size, epochs: epochs * many // few,
        ],
        EPOCHS_ROUNDED_DOWN: lambda *case: math.floor(exact(*case)),
    }
    compare(answer, cases, lambda *case: math.ceil(exact(*case)), mistakes)


@exercise(
    "11-2",
    "rows_of_rank(shards, rank, world_size)",
    Hint(
        "分片的个数能被进程数整除时，整片整片地分；不能整除时，一行一行地轮流分。",
        "If the shards can be divided evenly, each process gets whole shards; if not, rows "
        "are dealt out in turn.",
    ),
    Hint(
        "整除：第 `rank` 个进程拿 `shards[rank::world_size]`。",
        "Evenly: process `rank` gets `shards[rank::world_size]`.",
    ),
    Hint(
        "不整除：把所有的行排成一列，拿 `rows[rank::world_size]`。",
        "Not evenly: put all rows in one list, and take `rows[rank::world_size]`.",
    ),
)
def _rows_of_rank(answer: Answer) -> None:
    """As `datasets` itself shares them out."""
    from datasets import IterableDataset
    from datasets.distributed import split_dataset_by_node

    def rows_of(shards: Shards) -> Iterator[dict[str, int]]:
        for shard in shards:
            for row in shard:
                yield {"row": row}

    def right(shards: Shards, rank: int, world_size: int) -> list[int]:
        stream = IterableDataset.from_generator(rows_of, gen_kwargs={"shards": shards})
        part = split_dataset_by_node(stream, rank=rank, world_size=world_size)
        return [row["row"] for row in part]

    def blocks(shards: Shards, rank: int, world_size: int) -> list[int]:
        each, left = divmod(len(shards), world_size)
        if left:
            return right(shards, rank, world_size)
        return [row for shard in shards[rank * each : (rank + 1) * each] for row in shard]

    eight = [list(range(start, start + 3)) for start in range(0, 24, 3)]
    cases = [(eight, rank, 2) for rank in (0, 1)] + [(eight, rank, 3) for rank in (0, 1, 2)]
    mistakes = {
        SHARDS_SHARED_UNEVENLY: lambda shards, rank, world_size: [
            row for shard in shards[rank::world_size] for row in shard
        ],
        SHARDS_IN_BLOCKS: blocks,
        EVERYBODY_READS_ALL: lambda shards, *_: [row for shard in shards for row in shard],
    }
    compare(answer, cases, right, mistakes)


@exercise(
    "11-3",
    "pairs_needed(first, second, gain)",
    Hint(
        "同一个种子的两次准确率是一对：先求每一对的差。",
        "The two accuracies with one seed are a pair: take the difference of each pair first.",
    ),
    Hint(
        "s 是这些差的标准差。它是凭几对估计的，所以除以 n − 1：`std(ddof=1)`。",
        "The s is the standard deviation of these differences. A few pairs only estimate it, so "
        "divide by n − 1: `std(ddof=1)`.",
    ),
    Hint(
        "`(2.8 * spread / gain) ** 2`，向上取整成整数。",
        "Take `(2.8 * spread / gain) ** 2`, and round up to a whole number.",
    ),
)
def _pairs_needed(answer: Answer) -> None:
    """The five pairs of the notebook, and three others."""
    half, nothing = [0.457, 0.439, 0.465, 0.473, 0.474], [0.466, 0.440, 0.470, 0.462, 0.446]
    cases = [(half, nothing, 0.01), ([0.31, 0.35, 0.33], [0.34, 0.36, 0.35], 0.003)]

    def pairs(factor: float = 2.8, ddof: int = 1) -> Answer:
        def compute(first: Sequence[float], second: Sequence[float], gain: float) -> int:
            spread = np.subtract(second, first).std(ddof=ddof)
            return math.ceil((factor * spread / gain) ** 2)

        return compute

    def apart(first: Sequence[float], second: Sequence[float], gain: float) -> int:
        variance = np.var(first, ddof=1) + np.var(second, ddof=1)
        return math.ceil((2.8 / gain) ** 2 * variance)

    mistakes = {
        HALF_THE_CHANCE: pairs(factor=1.96),
        PAIRS_TAKEN_APART: [
            apart,
            lambda first, _, gain: math.ceil(2 * (2.8 * np.std(first, ddof=1) / gain) ** 2),
        ],
        SPREAD_OF_THESE_ONLY: pairs(ddof=0),
    }
    compare(answer, cases, pairs(), mistakes)
