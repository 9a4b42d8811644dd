"""Check the exercises of notebook 03, preprocess."""

from typing import TYPE_CHECKING

from helpers.check.answers import (
    Answer,
    Hint,
    Misconception,
    call_or_failure,
    compare,
    exercise,
    same,
)
from helpers.check.reviews import load_split, load_tokenizer

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast as Tokenizer

WORDS_FOR_TOKENS = Misconception(
    "words-for-tokens",
    "你数的是词，不是词元：少见的词会拆成几块，长度要从 `tokenizer(text)['input_ids']` 数。",
    "You counted words, not tokens: rare words come in pieces, so count "
    "`tokenizer(text)['input_ids']`.",
)
SPECIAL_TOKENS_FORGOTTEN = Misconception(
    "special-tokens-forgotten",
    "你没有算特殊词元：`[CLS]` 和 `[SEP]` 也占上限里的两个位置，`tokenizer.tokenize` 不给出它们。",
    "You left out the special tokens: `[CLS]` and `[SEP]` take two of the places too, and "
    "`tokenizer.tokenize` does not give them.",
)
MEASURED_AFTER_TRUNCATION = Misconception(
    "measured-after-truncation",
    "你在截断之后才量长度，那时没有一条超过上限：先不截断地分词，再和上限比较。",
    "You measured after truncation, when no review exceeds the limit: tokenize without truncation, "
    "then compare with the limit.",
)
FULL_COUNTED_AS_CUT = Misconception(
    "full-counted-as-cut",
    "你把正好等于上限的也算作截断了：装得下就没有丢掉什么，只有 `length > limit` 的才截断。",
    "You counted reviews of exactly the limit as cut: what fits loses nothing, and only "
    "`length > limit` is cut.",
)
BEGINNING_KEPT = Misconception(
    "beginning-kept",
    "你留下的是开头：截断默认切掉末尾，`padding_side` 也管不到它，要用 `truncation_side='left'`。",
    "You kept the beginning: truncation cuts the end by default, `padding_side` has nothing to do "
    "with it, and `truncation_side='left'` cuts the beginning.",
)
SPECIAL_TOKENS_CUT_OFF = Misconception(
    "special-tokens-cut-off",
    "你连 `[CLS]` 一起切掉了，而分类用的正是它的输出：让分词器来截断，它会给特殊词元留位置。",
    "You cut `[CLS]` off too, whose output is what classifies: let the tokenizer truncate, which "
    "keeps places for the special tokens.",
)
TOKENIZER_CHANGED = Misconception(
    "tokenizer-changed",
    "你改了大家共用的分词器，以后每次截断都会切掉开头："
    "用完把 `truncation_side` 改回来，或者另外加载一个。",
    "You changed a tokenizer that others use too, and from now on every truncation cuts the "
    "beginning: set `truncation_side` back afterwards, or load another tokenizer.",
)
ONE_TEXT_FOR_A_BATCH = Misconception(
    "one-text-for-a-batch",
    "你把一批当成了一条，数出来的是有几条评论：`batched=True` 时 `examples['text']` 是列表，"
    "每条各数一个。",
    "You took a batch for one text and counted its reviews: with `batched=True` "
    "`examples['text']` is a list, and each review gets a number of its own.",
)
LETTERS_FOR_TEXTS = Misconception(
    "letters-for-texts",
    "你把一条评论当成列表来循环，每个字母都成了一条：没有 `batched=True` 时 "
    "`examples['text']` 是一个字符串。",
    "You looped over one review as over a list, so that each letter became a text: without "
    "`batched=True`, `examples['text']` is one string.",
)
PADDED_BEFORE_SPLITTING = Misconception(
    "padded-before-splitting",
    "你在分成训练批之前就填充了，每条都数成了最长的那么长：这里不要 `padding`，"
    "组批时由数据整理器来补。",
    "You padded before splitting into training batches, so that each review counts as long as the "
    "longest: leave `padding` out here, and the data collator pads each batch.",
)


def token_lengths(texts: list[str], tokenizer: "Tokenizer") -> list[int]:
    """Count the tokens of each text, special ones included, nothing cut."""
    return [len(ids) for ids in tokenizer(texts, truncation=False, verbose=False)["input_ids"]]


def share_above(lengths: list[int], limit: int) -> float:
    """Return the share of the lengths that lie above the limit."""
    return sum(length > limit for length in lengths) / len(lengths)


@exercise(
    "03-1",
    "truncated_share(texts, tokenizer, limit)",
    Hint(
        "先量完整的长度，再和上限比。截断以后就量不出来了。",
        "Measure the whole lengths first, then compare with the limit. After truncation it "
        "is too late.",
    ),
    Hint(
        "`tokenizer(texts, truncation=False, verbose=False)['input_ids']` 给出每条的编号，特"
        "殊词元也在里面。",
        "`tokenizer(texts, truncation=False, verbose=False)['input_ids']` gives the ids of "
        "each text, special tokens included.",
    ),
    Hint(
        "数一数 `len(ids) > limit` 的有几条，再除以总条数。",
        "Count those with `len(ids) > limit`, and divide by the number of texts.",
    ),
)
def _truncated_share(answer: Answer) -> None:
    tokenizer, reviews = load_tokenizer(), load_split("test")
    cases = [(["A great film", "A heartwarming film!", "Superb."], tokenizer, 5)]
    cases += [(reviews[:200]["text"], tokenizer, 32), (reviews[200:260]["text"], tokenizer, 20)]
    # Some are longer than the model reads, where the tokenizer cuts unless told otherwise.
    cases += [(load_split("train", "full_reviews")["text"][110:120], tokenizer, 512)]

    def right(texts: list[str], tokenizer: "Tokenizer", limit: int) -> float:
        return share_above(token_lengths(texts, tokenizer), limit)

    mistakes = {
        WORDS_FOR_TOKENS: lambda texts, _, limit: share_above(
            [len(text.split()) for text in texts], limit
        ),
        SPECIAL_TOKENS_FORGOTTEN: lambda texts, tokenizer, limit: share_above(
            token_lengths(texts, tokenizer), limit + tokenizer.num_special_tokens_to_add()
        ),
        MEASURED_AFTER_TRUNCATION: [
            lambda *_: 0.0,
            lambda texts, tokenizer, limit: share_above(
                [
                    min(length, tokenizer.model_max_length)
                    for length in token_lengths(texts, tokenizer)
                ],
                limit,
            ),
        ],
        FULL_COUNTED_AS_CUT: lambda texts, tokenizer, limit: right(texts, tokenizer, limit - 1),
    }
    compare(answer, cases, right, mistakes)


@exercise(
    "03-2",
    "kept_ids(text, tokenizer, limit)",
    Hint(
        "让分词器来截断，它会给 `[CLS]` 和 `[SEP]` 留位置；你只要告诉它切哪一头。",
        "Let the tokenizer truncate, which keeps places for `[CLS]` and `[SEP]`; you only "
        "tell it which end to cut.",
    ),
    Hint(
        "`tokenizer.truncation_side` 可以是 `'left'` 或 `'right'`。改之前，先记下原来的。",
        "`tokenizer.truncation_side` is `'left'` or `'right'`. Note the old one before you "
        "change it.",
    ),
    Hint(
        "设成 `'left'`，用 `truncation=True, max_length=limit` 分词，改回原来的，再返回 "
        "`input_ids`。",
        "Set it to `'left'`, tokenize with `truncation=True, max_length=limit`, set it back, "
        "and return `input_ids`.",
    ),
)
def _kept_ids(answer: Answer) -> None:
    tokenizer, untouched = load_tokenizer(), load_tokenizer()
    long_text = load_split("train", "full_reviews")[0]["text"]
    cases = [("A heartwarming film!", tokenizer, limit) for limit in (32, 5)]
    cases += [(long_text, tokenizer, limit) for limit in (64, 16)]

    def whole(text: str) -> list[int]:
        return untouched(text, truncation=False, verbose=False)["input_ids"]

    def right(text: str, _: "Tokenizer", limit: int) -> list[int]:
        ids = whole(text)
        return ids if len(ids) <= limit else [ids[0], *ids[1:-1][2 - limit :], ids[-1]]

    def beginning(text: str, _: "Tokenizer", limit: int) -> list[int]:
        return untouched(text, truncation=True, max_length=limit)["input_ids"]

    mistakes = {
        BEGINNING_KEPT: beginning,
        SPECIAL_TOKENS_CUT_OFF: [
            lambda text, _, limit: whole(text)[-limit:],
            lambda text, _, limit: whole(text)[1:-1][-limit:],
        ],
    }
    compare(answer, cases, right, mistakes)
    if tokenizer.truncation_side != "right":
        raise TOKENIZER_CHANGED.error()


@exercise(
    "03-3",
    "count_tokens(examples, tokenizer)",
    Hint(
        "`examples['text']` 有时是列表，有时是一个字符串：先分清是哪一种。",
        "`examples['text']` is sometimes a list and sometimes one string: find out which it "
        "is first.",
    ),
    Hint(
        "分词器两种都接受：给列表，得到每条一个列表；给字符串，得到一个列表。不要用 `padding`。",
        "The tokenizer takes both: for a list it gives a list of ids for each text, for a "
        "string just one. Use no `padding`.",
    ),
    Hint(
        "`isinstance(examples['text'], str)` 时返回 `len(ids)`，否则返回 `[len(row) for row "
        "in ids]`。",
        "If `isinstance(examples['text'], str)`, the number is `len(ids)`; otherwise it is "
        "`[len(row) for row in ids]`.",
    ),
)
def _count_tokens(answer: Answer) -> None:
    """As `map` calls it with `batched=True` and without, also on more than the model reads."""
    tokenizer = load_tokenizer()
    texts = ["A great film", "A heartwarming film!", "Superb."]
    lengths = token_lengths(texts, tokenizer)
    batch, single = ({"text": texts}, tokenizer), ({"text": texts[0]}, tokenizer)
    long = ({"text": load_split("train", "full_reviews")[115]["text"]}, tokenizer)

    found = call_or_failure(answer, *batch)
    if same(found, {"tokens": len(texts)}):
        raise ONE_TEXT_FOR_A_BATCH.error()
    if same(found, {"tokens": [max(lengths)] * len(texts)}):
        raise PADDED_BEFORE_SPLITTING.error()
    found = call_or_failure(answer, *single)
    if isinstance(found, dict) and isinstance(found.get("tokens"), list):
        raise LETTERS_FOR_TEXTS.error()

    def right(examples: dict, tokenizer: "Tokenizer") -> dict:
        text = examples["text"]
        if isinstance(text, str):
            return {"tokens": token_lengths([text], tokenizer)[0]}
        return {"tokens": token_lengths(text, tokenizer)}

    compare(answer, [batch, single, long], right, {})
