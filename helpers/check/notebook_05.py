"""Check the exercises of notebook 05, trainer."""

import math
from collections.abc import Sequence

from helpers.check.answers import Hint, Misconception, compare, exercise, not_as_asked

LAST_BATCH_DROPPED = Misconception(
    "last-batch-dropped",
    "你用整除丢掉了最后不满的一批：它也是一步，每遍的步数要向上取整。",
    "You dropped the last batch, which is not full, by rounding down: it is a step too, so round "
    "the steps of an epoch up.",
)
EPOCHS_RUN_TOGETHER = Misconception(
    "epochs-run-together",
    "你把几遍的数据连成了一串来分批：每一遍重新开始，先算一遍的步数，再乘遍数。",
    "You ran the epochs together before making batches: every epoch starts anew, so count the "
    "steps of one and multiply.",
)
WARMUP_OF_ONE_EPOCH = Misconception(
    "warmup-of-one-epoch",
    "你拿一遍的步数来算预热：`warmup_steps` 小于 1 时，是全部步数的比例。",
    "You took the warmup from one epoch: a `warmup_steps` below 1 is a share of all the steps.",
)
SEED_REDRAWS_THE_HEAD = Misconception(
    "seed-redraws-the-head",
    "你以为种子会重抽分类头：模型在交给 `Trainer` 之前已经由 `load_classifier` 初始化，"
    "用的是它自己的种子。",
    "You have the seed draw the head anew: the model was initialized by `load_classifier`, with a "
    "seed of its own, before `Trainer` got it.",
)
SEED_DRAWS_THE_SAMPLE = Misconception(
    "seed-draws-the-sample",
    "你以为种子会换一批评论：`train_dataset` 是事先抽好的，每一遍都看全部，变的只是次序。",
    "You have the seed draw other reviews: `train_dataset` was drawn beforehand and is read whole "
    "in every epoch, only in another order.",
)
SEED_CHANGES_NOTHING = Misconception(
    "seed-changes-nothing",
    "你以为换种子什么也不变：`Trainer` 每一遍都打乱训练数据，次序由种子决定，"
    "所以第 1 步看的是另外几条。",
    "You have the seed change nothing: `Trainer` shuffles the training data in every epoch by the "
    "seed, so that step 1 sees other reviews.",
)
ALL_RISES_COUNTED = Misconception(
    "all-rises-counted",
    "你数的是一共上升了几次：要连续三次，所以损失一下降就从 0 重新数。",
    "You counted all the rises: three in a row are meant, so a fall of the loss starts anew at 0.",
)
VALUES_FOR_RISES = Misconception(
    "values-for-rises",
    "你看到三个递增的值就停了，那只是两次上升：三次上升要比较四个值。",
    "You stopped at three growing values, which are two rises only: three rises take four values.",
)
EVERY_LOG_HAS_A_LOSS = Misconception(
    "every-log-has-a-loss",
    "你以为每条日志都有 `loss`：评估和结束时的日志没有，先用 `if 'loss' in logs` 判断。",
    "You take it that every log has a `loss`: those of evaluations and of the end have none, so "
    "ask `if 'loss' in logs` first.",
)

# What the answer to exercise 2 is chosen from.
CHOICES = {"reviews", "order", "head", "schedule"}


def steps_and_warmup(samples: int, batch_size: int, epochs: int, warmup: float) -> tuple[int, int]:
    """Count the steps of a training run and those of its warmup, as `Trainer` does."""
    steps = math.ceil(samples / batch_size) * epochs
    return steps, math.ceil(steps * warmup)


@exercise(
    "05-1",
    "steps_and_warmup(samples, batch_size, epochs, warmup)",
    Hint(
        "一轮里，最后一批不满也算一步。每一轮都是如此。",
        "In an epoch, a last batch that is not full is a step too. So it is in every epoch.",
    ),
    Hint(
        "向上取整：`math.ceil(a / b)`，或者 `-(-a // b)`。",
        "Rounding up is `math.ceil(a / b)`, or `-(-a // b)`.",
    ),
    Hint(
        "先算一轮的步数，再乘 `epochs`；预热是总步数乘 `warmup`，也向上取整。",
        "Work out the steps of an epoch, then multiply by `epochs`; the warmup is `warmup` "
        "times all steps, rounded up too.",
    ),
)
def _steps_and_warmup(answer: object) -> None:
    cases = [(96, 8, 1, 0.25), (8_603, 32, 2, 0.06), (100, 30, 5, 0.3)]

    def with_steps(count: object) -> object:
        def mistaken(samples: int, batch_size: int, epochs: int, warmup: float) -> tuple[int, int]:
            steps = count(samples, batch_size, epochs)
            return steps, math.ceil(steps * warmup)

        return mistaken

    def one_epoch(samples: int, batch_size: int, epochs: int, warmup: float) -> tuple[int, int]:
        steps, _ = steps_and_warmup(samples, batch_size, epochs, warmup)
        return steps, math.ceil(steps / epochs * warmup)

    mistakes = {
        LAST_BATCH_DROPPED: [
            with_steps(lambda samples, size, epochs: samples // size * epochs),
            with_steps(lambda samples, size, epochs: samples * epochs // size),
        ],
        EPOCHS_RUN_TOGETHER: with_steps(
            lambda samples, size, epochs: math.ceil(samples * epochs / size)
        ),
        WARMUP_OF_ONE_EPOCH: one_epoch,
    }
    compare(answer, cases, steps_and_warmup, mistakes)


@exercise(
    "05-2",
    "changed_by_seed",
    Hint(
        "想一想：这些东西是在 `Trainer` 之前定下的，还是由它来定？",
        "Ask of each: is it settled before `Trainer` starts, or does `Trainer` settle it?",
    ),
    Hint(
        "评论在抽样时定下，分类头在 `load_classifier` 里用它自己的种子初始化。",
        "The reviews are settled when they are drawn, and `load_classifier` initializes the "
        "head with a seed of its own.",
    ),
    Hint(
        "学习率只看步数。剩下的那一个，`Trainer` 用 `seed` 打乱。",
        "The learning rate follows the steps. What remains, `Trainer` shuffles with its `seed`.",
    ),
)
def _changed_by_seed(answer: object) -> None:
    """A choice among four words."""
    words = ", ".join(sorted(CHOICES))
    if not isinstance(answer, set | frozenset | list | tuple) or not set(answer) <= CHOICES:
        raise not_as_asked(
            f"应当是一个集合，词从这四个里选：{words}。",
            f"A set is asked for, of some of these four words: {words}.",
        )
    chosen = set(answer)
    if not chosen:
        raise SEED_CHANGES_NOTHING.error()
    if "head" in chosen:
        raise SEED_REDRAWS_THE_HEAD.error()
    if "reviews" in chosen:
        raise SEED_DRAWS_THE_SAMPLE.error()
    if chosen != {"order"}:
        raise not_as_asked(
            "学习率怎样变由步数和训练参数决定，里面没有随机数：把 schedule 去掉，看看还剩什么。",
            "The learning rate schedule follows from the steps and the training arguments, nothing "
            "in it is random: leave schedule out, and see what remains.",
        )


@exercise(
    "05-3",
    "StopAfterRises(TrainerCallback)",
    Hint(
        "对象要记住两样东西：上一次的损失，和已经连续上升了几次。",
        "The object has to remember two things: the last loss, and how often in a row it has "
        "risen.",
    ),
    Hint(
        "上升就加 1，不上升就从 0 再数。日志里没有 `loss` 时，什么也不做。",
        "Add 1 when it rises, and start from 0 again when it does not. Without `loss` in the "
        "log, do nothing.",
    ),
    Hint(
        "到 3 次时，令 `control.should_training_stop = True`。",
        "At 3, set `control.should_training_stop = True`.",
    ),
)
def _stop_after_rises(answer: object) -> None:
    """The callback hears logs as from a training run, and is watched for its stop."""
    from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

    if not (isinstance(answer, type) and issubclass(answer, TrainerCallback)):
        raise not_as_asked(
            "应当是一个类，从 `TrainerCallback` 继承：交类本身，不要交它的对象。",
            "A class is asked for that inherits from `TrainerCallback`: pass the class, not an "
            "object of it.",
        )

    def stop_after_rises(*logs: dict[str, float]) -> int | None:
        callback, control = answer(), TrainerControl()
        arguments = TrainingArguments(output_dir="unused", use_cpu=True, report_to="none")
        for number, log in enumerate(logs, start=1):
            returned = callback.on_log(arguments, TrainerState(), control, logs=dict(log))
            control = returned if isinstance(returned, TrainerControl) else control
            if control.should_training_stop:
                return number
        return None

    def rises_in_a_row(*logs: dict[str, float], needed: int = 3, reset: bool = True) -> int | None:
        last, rises = math.inf, 0
        for number, log in enumerate(logs, start=1):
            if "loss" in log:
                rises = rises + 1 if log["loss"] > last else (0 if reset else rises)
                last = log["loss"]
                if rises == needed:
                    return number
        return None

    def loss_of_each(*logs: dict[str, float]) -> int | None:
        if any("loss" not in log for log in logs):
            raise KeyError("loss")
        return rises_in_a_row(*logs)

    def trained(*losses: float) -> list[dict[str, float]]:
        return [{"loss": loss, "learning_rate": 1e-4} for loss in losses]

    evaluated = {"eval_loss": 1.5, "epoch": 1.0}
    cases: Sequence[list[dict[str, float]]] = [
        trained(1.6, 1.5, 1.4, 1.2, 1.1),
        trained(1.6, 1.5, 1.6, 1.7, 1.8, 1.9),
        trained(1.0, 1.1, 1.2, 1.1, 1.2, 1.3, 1.2, 1.3),
        trained(1.6, 1.2, 1.3),
        trained(1.0, 1.1, 1.2, 1.2, 1.3),
        [*trained(1.0, 1.1), evaluated, *trained(1.2, 1.3)],
        [*trained(1.0, 1.1, 1.2), evaluated, {"train_runtime": 9.0}],
    ]
    mistakes = {
        ALL_RISES_COUNTED: lambda *logs: rises_in_a_row(*logs, reset=False),
        VALUES_FOR_RISES: lambda *logs: rises_in_a_row(*logs, needed=2),
        EVERY_LOG_HAS_A_LOSS: loss_of_each,
    }
    compare(stop_after_rises, cases, rises_in_a_row, mistakes)
