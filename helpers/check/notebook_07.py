"""Check the exercises of notebook 07, finetune_bert."""

from collections.abc import Callable, Sequence
from fractions import Fraction

import numpy as np

from helpers.check.answers import Answer, Hint, Misconception, call, compare, exercise, not_as_asked
from helpers.check.reviews import load_split
from helpers.levels import CUTS, rating_level, whole_rating_level

TUNED_ON_TEST = Misconception(
    "tuned-on-test",
    "你用测试集做了选择，它的分数就偏高，不再是没见过的数据：选择看验证集，"
    "测试集只在最后报告一次。",
    "You chose on the test set, whose score is then too high, as it is no longer unseen: choose on "
    "the validation set, and report on test once, at the end.",
)
LOWEST_TRAINING_LOSS = Misconception(
    "lowest-training-loss",
    "你选了训练损失最低的，那可能只是把训练数据背得最熟：要看没有参加训练的验证集。",
    "You chose the lowest training loss, which may only know the training data by heart: look at "
    "the validation set, which took no part in training.",
)
POOLER_LEFT_TRAINING = Misconception(
    "pooler-left-training",
    "你漏了 `pooler`，它还在训练：它在编码器和分类头之间，也要 `requires_grad_(False)`。",
    "You left out the `pooler`, which is still trained: it is between the encoder and the head, "
    "and needs `requires_grad_(False)` too.",
)
HEAD_FROZEN_TOO = Misconception(
    "head-frozen-too",
    "你连分类头也冻结了，什么都学不到：`model.classifier` 是随机初始化的，必须训练。",
    "You froze the head too, so that nothing can be learned: `model.classifier` was initialized at "
    "random and has to be trained.",
)
EVAL_IS_NOT_FREEZING = Misconception(
    "eval-is-not-freezing",
    "参数一个也没有冻结：`model.eval()` 只关掉 dropout，冻结要用 `requires_grad_(False)`。",
    "No parameter is frozen: `model.eval()` only switches dropout off, and freezing takes "
    "`requires_grad_(False)`.",
)
PERSON_IN_PANEL = Misconception(
    "person-in-panel",
    "你拿一个人和所有人的平均比，里面有他自己：先去掉他的打分，再求其余的人的平均。",
    "You compared a person with a mean that they are part of: leave their own rating out before "
    "you take the mean of the others.",
)
CUTS_FOR_PERSON = Misconception(
    "cuts-for-person",
    "你用 `rating_level` 换一个人的整数分，`negative` 就永远轮不到：这里用 `whole_rating_level`。",
    "You turned one person's whole-number rating into a level with `rating_level`, which never "
    "gives `negative`: use `whole_rating_level` there.",
)
RATING_AS_LEVEL = Misconception(
    "rating-as-level",
    "你直接用 −4 到 +4 的打分相减，没有换成 0 到 4 的等级：打分用 `whole_rating_level`，"
    "其余的人的平均用 `rating_level`。",
    "You subtracted ratings from −4 to +4 and not levels from 0 to 4: turn the rating into one "
    "with `whole_rating_level`, and the mean of the others with `rating_level`.",
)


@exercise(
    "07-1",
    "chosen_rate(runs)",
    Hint(
        "三个分数里，哪一个可以用来做选择？另外两个为什么不行？",
        "Which of the three scores may decide a choice, and why not the other two?",
    ),
    Hint(
        "`max(runs, key=...)` 找出最好的那次训练。",
        "`max(runs, key=...)` finds the best training run.",
    ),
    Hint(
        "按 `run['validation_accuracy']` 找最大的，返回它的 `learning_rate`。",
        "Take the largest `run['validation_accuracy']`, and return its `learning_rate`.",
    ),
)
def _chosen_rate(answer: Answer) -> None:
    """Runs whose best rate differs by what one looks at."""
    names = ("learning_rate", "validation_accuracy", "test_accuracy", "training_loss")
    rates = (1e-5, 5e-5, 1.5e-4, 5e-4, 1e-3)
    generator = np.random.default_rng(7)
    cases = []
    for best, on_test, on_training in ((1, 2, 3), (3, 0, 4), (2, 4, 1)):
        rows = zip(rates, *generator.uniform(0.2, 0.4, (3, len(rates))).tolist(), strict=True)
        runs = [dict(zip(names, row, strict=True)) for row in rows]
        runs[best]["validation_accuracy"] = 0.45
        runs[on_test]["test_accuracy"] = 0.47
        runs[on_training]["training_loss"] = 0.1
        cases.append((runs,))

    few = [(2e-5, 0.42, 0.40, 0.9), (1e-4, 0.39, 0.44, 0.8), (5e-4, 0.31, 0.35, 0.2)]
    cases.append(([dict(zip(names, row, strict=True)) for row in few],))

    def best_by(name: str) -> Answer:
        return lambda runs: max(runs, key=lambda run: run[name])["learning_rate"]

    mistakes = {
        TUNED_ON_TEST: best_by("test_accuracy"),
        LOWEST_TRAINING_LOSS: lambda runs: min(runs, key=lambda run: run["training_loss"])[
            "learning_rate"
        ],
    }
    compare(answer, cases, best_by("validation_accuracy"), mistakes)


@exercise(
    "07-2",
    "train_head_only(model)",
    Hint(
        "先全部冻结，再放开一部分，比一层一层地挑省事。",
        "To freeze everything and then release a part is easier than to pick layer by layer.",
    ),
    Hint(
        "`requires_grad_(False)` 对整个模型或它的一部分都能用。",
        "`requires_grad_(False)` works on a whole model and on a part of it.",
    ),
    Hint(
        "`model.requires_grad_(False)`，然后 `model.classifier.requires_grad_(True)`。",
        "`model.requires_grad_(False)`, then `model.classifier.requires_grad_(True)`.",
    ),
)
def _train_head_only(answer: Answer) -> None:
    """On a BERT that is small and untrained, but has the same parts."""
    from transformers import BertConfig, BertForSequenceClassification

    sizes = {"hidden_size": 16, "num_attention_heads": 2, "intermediate_size": 32}
    config = BertConfig(vocab_size=50, num_hidden_layers=3, num_labels=5, **sizes)
    model = BertForSequenceClassification(config)
    call(answer, model)
    trained = {name for name, weights in model.named_parameters() if weights.requires_grad}
    head = {name for name, _ in model.named_parameters() if name.startswith("classifier.")}
    if trained == head:
        return
    if len(trained) == len(list(model.named_parameters())):
        raise EVAL_IS_NOT_FREEZING.error()
    if head - trained:
        raise HEAD_FROZEN_TOO.error()
    left = trained - head
    if all(name.startswith("bert.pooler.") for name in left):
        raise POOLER_LEFT_TRAINING.error()
    raise not_as_asked(
        f"除了分类头，还有 {len(left)} 组参数在训练，例如 {min(left)}：把它们也冻结。",
        f"Besides the head, {len(left)} parameters are still trained, such as {min(left)}: freeze "
        "them too.",
    )


def others(row: Sequence[int]) -> list[Fraction]:
    """Return, for each rating of a review, the mean of the other ones."""
    return [Fraction(sum(row) - rating, len(row) - 1) for rating in row]


@exercise(
    "07-3",
    "person_within_one(ratings)",
    Hint(
        "对每一个打分，都算一遍：这个人，和其余的人。",
        "Work it out for every rating: this person, and the others.",
    ),
    Hint(
        "其余的人的平均分是 `(sum(row) - rating) / (len(row) - 1)`。",
        "The mean of the others is `(sum(row) - rating) / (len(row) - 1)`.",
    ),
    Hint(
        "`abs(whole_rating_level(rating) - rating_level(others))` 不超过 1 的，占全部打分的比例。",
        "The share of all ratings for which `abs(whole_rating_level(rating) - "
        "rating_level(others))` is at most 1.",
    ),
)
def _person_within_one(answer: Answer) -> None:
    rows = load_split("test", "ratings")["ratings"]
    # A mean that equals a cut may fall to either side of it, by how it is rounded.
    plain = [row for row in rows[:200] if not set(CUTS).intersection(others(row))]
    cases = [([[-4, 4], [3, 3, -3]],), (plain,)]

    def share(distance: Callable[[int, Fraction, Fraction], float]) -> Answer:
        def within_one(ratings: Sequence[Sequence[int]]) -> float:
            return float(
                np.mean(
                    [
                        distance(rating, mean, Fraction(sum(row), len(row))) <= 1
                        for row in ratings
                        for rating, mean in zip(row, others(row), strict=True)
                    ]
                )
            )

        return within_one

    def apart(rating: int, other: Fraction) -> int:
        return abs(whole_rating_level(rating) - rating_level(other))

    mistakes = {
        PERSON_IN_PANEL: share(lambda rating, _, everybody: apart(rating, everybody)),
        CUTS_FOR_PERSON: share(
            lambda rating, other, _: abs(rating_level(rating) - rating_level(other))
        ),
        RATING_AS_LEVEL: [
            share(lambda rating, other, _: abs(rating - other)),
            share(lambda rating, other, _: abs(rating - rating_level(other))),
        ],
    }
    compare(answer, cases, share(lambda rating, other, _: apart(rating, other)), mistakes)
