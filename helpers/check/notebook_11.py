"""Check the exercises of notebook 11, more_data."""

import math
from collections.abc import Iterator, Sequence

from helpers.check.answers import Answer, Misconception, compare, exercise

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
BITS_FOR_BYTES = Misconception(
    "bits-for-bytes",
    "你把网络的比特当成了字节：10 Gb/s 的小写 b 是比特，每秒只有 1.25 GB，要除以 8。",
    "You took the network's bits for bytes: the small b of 10 Gb/s means bits, 1.25 GB a second, "
    "so divide by 8.",
)
GRADIENTS_SENT_ONCE = Misconception(
    "gradients-sent-once",
    "你以为每一步只送一份梯度：环形全归约要送出 2(n−1)/n 份，先汇总，再把结果传回来。",
    "You took it that each GPU sends one copy of the gradients a step: a ring all-reduce sends "
    "2(n−1)/n copies, to add them up and to hand the sum round.",
)
STEPS_STAY = Misconception(
    "steps-stay",
    "你以为加了 GPU，步数还是那么多：每一步看的条数乘了 GPU 数，步数就除以它。",
    "You took it that more GPUs leave the steps as they are: a step sees as many times the "
    "reviews, so divide the steps by the number of GPUs.",
)

Shards = Sequence[Sequence[int]]


@exercise("11-1", "epochs_needed(few, many, batch_size, epochs)")
def _epochs_needed(answer: Answer) -> None:
    cases = [(250, 1_000, 16, 3), (100, 1_000, 16, 3), (250, 8_303, 16, 3), (500, 1_000, 32, 2)]

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


@exercise("11-2", "rows_of_rank(shards, rank, world_size)")
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


@exercise("11-3", "exchange_hours(parameters, samples, batch_size, gpus, gigabits)")
def _exchange_hours(answer: Answer) -> None:
    """The machines of the notebook, and one with a faster network."""
    reviews = 3 * 650_000
    cases = [(108_310_272, reviews, 32, 8, 80), (108_310_272, reviews, 32, 16, 10)]
    cases += [(335_141_888, reviews, 16, 16, 400)]

    def hours(
        byte: int = 8, sent: Answer = lambda n: 2 * (n - 1) / n, split: bool = True
    ) -> Answer:
        def compute(
            parameters: int, samples: int, batch_size: int, gpus: int, gigabits: float
        ) -> float:
            steps = samples / (batch_size * (gpus if split else 1))
            seconds = steps * sent(gpus) * 4 * parameters / (gigabits * 1e9 / byte)
            return seconds / 3_600

        return compute

    mistakes = {
        BITS_FOR_BYTES: hours(byte=1),
        GRADIENTS_SENT_ONCE: hours(sent=lambda n: 1),
        STEPS_STAY: hours(split=False),
    }
    compare(answer, cases, hours(), mistakes)
