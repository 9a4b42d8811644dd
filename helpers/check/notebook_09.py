"""Check the exercises of notebook 09, speed_up."""

from collections.abc import Sequence

from helpers.check.answers import Answer, Hint, Misconception, compare, exercise

EMBEDDINGS_MULTIPLIED = Misconception(
    "embeddings-multiplied",
    "你把词嵌入也算进了运算：它是查表，不做乘法，只数编码器的参数。",
    "You counted the embeddings among the operations: they are looked up and not multiplied, so "
    "count the encoder's parameters only.",
)
FROZEN_SKIP_FORWARD = Misconception(
    "frozen-skip-forward",
    "你以为冻结的层连前向也省了：每个词元还是要经过它们，省下的只是反向。",
    "You took it that frozen layers are spared the forward pass too: every token still passes "
    "through them, and only backward is saved.",
)
FREEZING_SAVES_NOTHING = Misconception(
    "freezing-saves-nothing",
    "你给冻结的层也算了反向：反向走到最低的一个没冻结的层就停，那里每个参数只有前向的 2 次运算。",
    "You counted the backward pass of frozen layers too: it stops at the lowest layer that is not "
    "frozen, and below it a parameter takes the 2 operations of forward only.",
)
LONG_ONES_DROPPED = Misconception(
    "long-ones-dropped",
    "你把超过上限的评论整条去掉了：截断只切掉多出来的部分，它们还剩 `limit` 个词元。",
    "You dropped the reviews above the limit: truncation only cuts what exceeds it, and `limit` "
    "tokens of them remain.",
)
ALL_PADDED_TO_LIMIT = Misconception(
    "all-padded-to-limit",
    "你让每条都占满上限：短的评论不会变长，每条算 `min(length, limit)`。",
    "You let every review fill the limit: short ones do not grow, so each counts "
    "`min(length, limit)`.",
)
SHARE_OF_REVIEWS = Misconception(
    "share-of-reviews",
    "你算的是没有被截断的评论占几成：时间跟着词元走，要用词元数相除。",
    "You computed which share of the reviews is not cut: time goes by tokens, so divide numbers of "
    "tokens.",
)
WEIGHTS_ONLY = Misconception(
    "weights-only",
    "你只算了参数本身的 4 字节：训练时每个参数还有梯度和 AdamW 的两个矩，一共 16 字节。",
    "You counted the 4 bytes of the weights only: in training each also has a gradient and two "
    "moments of AdamW, 16 bytes in all.",
)
FORWARD_ONLY = Misconception(
    "forward-only",
    "你只算了前向的 2 次运算，那是预测：训练还有反向的 4 次，一共 6 次。",
    "You counted the 2 operations of forward only, which is predicting: training adds 4 of "
    "backward, 6 in all.",
)
PEAK_FULLY_USED = Misconception(
    "peak-fully-used",
    "你以为峰值能用满：厂家公布的是上限，这里按最多用上 35 % 算，要再除以 0.35。",
    "You took it that the peak is fully used: what a maker publishes is a limit, and with 35 % of "
    "it at best, you divide by 0.35 as well.",
)

Counts = Sequence[int]


def operations(trained_times: int, layers: Counts, frozen_layers: int, tokens: int) -> int:
    """Count two operations forward for every layer, and more for the layers that are trained."""
    return tokens * (2 * sum(layers) + trained_times * sum(layers[frozen_layers:]))


@exercise(
    "09-1",
    "count_operations(layers, embeddings, frozen_layers, tokens)",
    Hint(
        "前向要经过每一层，冻结不冻结都一样；反向走到冻结的层就停。",
        "Forward goes through every layer, frozen or not; backward stops at the frozen ones.",
    ),
    Hint(
        "词嵌入是查表，不做乘法，所以 `embeddings` 用不到。",
        "An embedding is looked up and not multiplied, so `embeddings` is not needed.",
    ),
    Hint(
        "`2 * sum(layers) * tokens`，加上 `4 * sum(layers[frozen_layers:]) * tokens`。",
        "`2 * sum(layers) * tokens`, plus `4 * sum(layers[frozen_layers:]) * tokens`.",
    ),
)
def _count_operations(answer: Answer) -> None:
    layers, embeddings = [1_774_464] * 6, 11_918_592
    cases = [(layers, embeddings, frozen, 27_000) for frozen in (0, 3, 6)]
    cases += [([700, 900, 400], 5_000, 1, 10)]

    def right(layers: Counts, _: int, frozen_layers: int, tokens: int) -> int:
        return operations(4, layers, frozen_layers, tokens)

    def embedded(layers: Counts, embeddings: int, frozen_layers: int, tokens: int) -> int:
        return right(layers, 0, frozen_layers, tokens) + 2 * embeddings * tokens

    mistakes = {
        EMBEDDINGS_MULTIPLIED: [
            embedded,
            lambda layers, embeddings, *rest: embedded(layers, 3 * embeddings, *rest),
        ],
        FROZEN_SKIP_FORWARD: lambda layers, _, frozen, tokens: 6 * tokens * sum(layers[frozen:]),
        FREEZING_SAVES_NOTHING: lambda layers, _, frozen, tokens: 6 * tokens * sum(layers),
    }
    compare(answer, cases, right, mistakes)


@exercise(
    "09-2",
    "share_of_tokens(lengths, limit)",
    Hint(
        "短的评论一个词元也不少，长的只剩下 `limit` 个。",
        "A short review keeps all of its tokens, and a long one keeps `limit` of them.",
    ),
    Hint("每条剩下 `min(length, limit)` 个。", "Each review keeps `min(length, limit)`."),
    Hint(
        "把剩下的加起来，除以 `sum(lengths)`。",
        "Add up what remains, and divide by `sum(lengths)`.",
    ),
)
def _share_of_tokens(answer: Answer) -> None:
    cases = [([48, 52, 9, 24, 32], 32), ([4, 6], 16)]

    def right(lengths: Counts, limit: int) -> float:
        return sum(min(length, limit) for length in lengths) / sum(lengths)

    def long_ones_dropped(lengths: Counts, limit: int) -> float:
        return sum(length for length in lengths if length <= limit) / sum(lengths)

    def share_of_reviews(lengths: Counts, limit: int) -> float:
        return sum(length <= limit for length in lengths) / len(lengths)

    mistakes = {
        LONG_ONES_DROPPED: long_ones_dropped,
        ALL_PADDED_TO_LIMIT: lambda lengths, limit: limit * len(lengths) / sum(lengths),
        SHARE_OF_REVIEWS: share_of_reviews,
    }
    compare(answer, cases, right, mistakes)


@exercise(
    "09-3",
    "training_budget(parameters, encoder_parameters, tokens, peak)",
    Hint(
        "内存看全部参数，时间只看编码器的参数。",
        "Memory counts all parameters, and time only those of the encoder.",
    ),
    Hint(
        "每个参数 16 字节：参数、梯度和 AdamW 的两个矩，各 4 字节。每个词元、每个编码器参数 "
        "6 次运算。",
        "Each parameter takes 16 bytes: itself, its gradient and the two moments of AdamW, 4 "
        "each. Each token and encoder parameter takes 6 operations.",
    ),
    Hint(
        "秒数是运算次数除以 `0.35 * peak`，再除以 3,600 得到小时；字节数除以 10⁹ 得到 GB。",
        "The seconds are the operations divided by `0.35 * peak`; divide by 3,600 for hours, "
        "and the bytes by 10⁹ for GB.",
    ),
)
def _training_budget(answer: Answer) -> None:
    """The models and the GPUs of the notebook."""
    yelp = 650_000 * 180 * 3
    cases = [(335_141_888, 302_309_376, yelp, 65e12), (108_310_272, 85_054_464, yelp, 989e12)]

    def budget(weight_bytes: int, per_token: int, used: float) -> Answer:
        def compute(
            parameters: int, encoder_parameters: int, tokens: int, peak: float
        ) -> tuple[float, float]:
            hours = per_token * encoder_parameters * tokens / (used * peak) / 3_600
            return weight_bytes * parameters / 1e9, hours

        return compute

    mistakes = {
        WEIGHTS_ONLY: budget(4, 6, 0.35),
        FORWARD_ONLY: budget(16, 2, 0.35),
        PEAK_FULLY_USED: budget(16, 6, 1.0),
        EMBEDDINGS_MULTIPLIED: lambda parameters, _, *rest: budget(16, 6, 0.35)(
            parameters, parameters, *rest
        ),
    }
    compare(answer, cases, budget(16, 6, 0.35), mistakes)
