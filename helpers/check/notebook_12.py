"""Check the exercises of notebook 12, more_processes."""

from collections.abc import Mapping

from helpers.check.answers import Answer, Hint, Misconception, compare, exercise

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
NAMES_SORTED_AS_TEXT = Misconception(
    "names-sorted-as-text",
    "你按文字比较名字：`checkpoint-8` 排在 `checkpoint-12` 后面，要比较数字。",
    "You compared the names as text, in which `checkpoint-8` comes after `checkpoint-12`: compare "
    "the numbers.",
)
HALF_ONE_TRUSTED = Misconception(
    "half-one-trusted",
    "你从最新的检查点接着走，没有看它完整不完整：存到一半就断了的，读不出来，用前一个完整的。",
    "You resumed from the newest checkpoint, complete or not: one that was cut off while it was "
    "saved cannot be read, so take the last complete one.",
)
HALF_ONE_ENDS_ALL = Misconception(
    "half-one-ends-all",
    "最新的检查点不完整，你就从头再来：前面完整的还在，从其中最后一个接着走。",
    "You began anew because the newest checkpoint is incomplete: the complete ones before it are "
    "still there, so resume from the last of them.",
)
LINEAR_FOR_ADAM = Misconception(
    "linear-for-adam",
    "你用了线性的规则，那是给 SGD 的：AdamW 用平方根，批乘 4，学习率乘 2。",
    "You took the linear rule, which is for SGD: for AdamW it is the square root, twice the "
    "learning rate for 4 times the batch.",
)
PROCESSES_NOT_COUNTED = Misconception(
    "processes-not-counted",
    "你没有数进程：每个进程各有一批，一次更新看的条数要乘上进程数。",
    "You did not count the processes: each has a batch of its own, so an update sees as many times "
    "the reviews.",
)
ACCUMULATION_NOT_COUNTED = Misconception(
    "accumulation-not-counted",
    "你没有数梯度累积：攒了几批才更新，一次更新看的条数就乘上几。",
    "You did not count the accumulation: an update comes after several batches, and sees as many "
    "times the reviews.",
)


@exercise(
    "12-1",
    "exchange_hours(parameters, samples, batch_size, gpus, gigabits)",
    Hint(
        "先数一共走几步：GPU 越多，每一步处理的条数越多，步数越少。",
        "Count the steps first: with more GPUs a step has more reviews, and there are fewer steps.",
    ),
    Hint(
        "环形全归约每一步发送 `2 * (gpus - 1) / gpus` 份梯度，一份是 `4 * parameters` 字节。",
        "In a step, ring all-reduce sends `2 * (gpus - 1) / gpus` times the gradients, which "
        "are `4 * parameters` bytes.",
    ),
    Hint(
        "网络每秒 `gigabits * 1e9 / 8` 字节；秒数除以 3,600。",
        "The network carries `gigabits * 1e9 / 8` bytes a second; divide the seconds by 3,600.",
    ),
)
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


@exercise(
    "12-2",
    "resume_step(checkpoints)",
    Hint(
        "先挑出完整的，再比哪一个最新。次序反过来，前面完整的就用不上了。",
        "Pick the complete ones first, then look for the newest. The other way round, an older "
        "complete one is never used.",
    ),
    Hint(
        "名字里的数字才是步数：`int(name.removeprefix('checkpoint-'))`。",
        "The step is the number in the name: `int(name.removeprefix('checkpoint-'))`.",
    ),
    Hint(
        "`steps` 是完整的那些检查点的步数：取 `max(steps, default=0)`，一个也没有时，它返回 0。",
        "With the `steps` of the complete ones, `max(steps, default=0)` is the newest, or 0 if "
        "there is none.",
    ),
)
def _resume_step(answer: Answer) -> None:
    """Folders as interruptions leave them; half-saved ones in front, behind and alone."""
    cases = [
        ({"checkpoint-4": True, "checkpoint-8": True, "checkpoint-12": True},),
        ({"checkpoint-12": False, "checkpoint-4": True, "checkpoint-8": True},),
        ({"checkpoint-500": False},),
        ({},),
    ]

    def number(name: str) -> int:
        return int(name.partition("-")[2])

    def right(checkpoints: Mapping[str, bool]) -> int:
        return max((number(name) for name, whole in checkpoints.items() if whole), default=0)

    def as_text(checkpoints: Mapping[str, bool]) -> int:
        complete = [name for name, whole in checkpoints.items() if whole]
        return number(max(complete)) if complete else 0

    def newest(checkpoints: Mapping[str, bool]) -> int:
        return max(map(number, checkpoints), default=0)

    def newest_or_nothing(checkpoints: Mapping[str, bool]) -> int:
        last = newest(checkpoints)
        return last if checkpoints.get(f"checkpoint-{last}") else 0

    mistakes = {
        NAMES_SORTED_AS_TEXT: as_text,
        HALF_ONE_TRUSTED: newest,
        HALF_ONE_ENDS_ALL: newest_or_nothing,
    }
    compare(answer, cases, right, mistakes)


@exercise(
    "12-3",
    "first_rate(rate, batch_size, processes, accumulation)",
    Hint(
        "先数一次更新看几条评论，再问它是 16 条的几倍。",
        "Count the reviews of one update first; then ask how many times 16 they are.",
    ),
    Hint(
        "一次更新看 `batch_size * processes * accumulation` 条。",
        "An update sees `batch_size * processes * accumulation` reviews.",
    ),
    Hint(
        "AdamW 的学习率乘这个倍数的平方根：`(seen / 16) ** 0.5`。",
        "For AdamW, multiply the learning rate by the square root of that ratio: "
        "`(seen / 16) ** 0.5`.",
    ),
)
def _first_rate(answer: Answer) -> None:
    cases = [(5e-5, 32, 8, 2), (2e-5, 4, 1, 8)]

    def rule(power: float = 0.5, processes: bool = True, accumulation: bool = True) -> Answer:
        def compute(rate: float, batch_size: int, workers: int, accumulated: int) -> float:
            seen = batch_size * (workers if processes else 1)
            seen *= accumulated if accumulation else 1
            return rate * (seen / 16) ** power

        return compute

    mistakes = {
        LINEAR_FOR_ADAM: rule(power=1),
        PROCESSES_NOT_COUNTED: rule(processes=False),
        ACCUMULATION_NOT_COUNTED: rule(accumulation=False),
    }
    compare(answer, cases, rule(), mistakes)
