"""The probability of each level for one text, from a fine-tuned model."""

from dataclasses import dataclass

import torch
from transformers import PreTrainedModel, PreTrainedTokenizerFast

# A token of English has four to five characters, and three times the limit of tokens is needed.
CHARACTERS_FOR_A_TOKEN = 16
# What the pages that score a text offer to begin with.
EXAMPLES = [
    "A moving film that stays with you for days.",
    "Neither good nor bad, and forgotten by the evening.",
    "Two hours of noise without one honest moment.",
    "I expected to hate it, and I was wrong.",
]


@dataclass(frozen=True)
class Prediction:
    """A model's prediction for one text.

    Attributes:
        probabilities: the probability of each label, by its name, in the order of the labels.
        tokens: how many tokens the model read, special ones included.
        truncated: whether the text has more tokens than the model reads.
        unknown: how many of the tokens stand for something that is not in the vocabulary.
    """

    probabilities: dict[str, float]
    tokens: int
    truncated: bool
    unknown: int

    @property
    def remarks(self) -> str:
        """What a reader should know besides the probabilities; often nothing."""
        found = []
        if self.truncated:
            found.append(f"The text is long: only its first {self.tokens} tokens were read.")
        if self.unknown:
            found.append(
                f"Words or signs that the model has no token for: {self.unknown}. "
                "It cannot tell them apart."
            )
        return " ".join(found)


def score(model: PreTrainedModel, tokenizer: PreTrainedTokenizerFast, text: str) -> Prediction:
    """Compute the probability of each level, in one pass through the model.

    Args:
        model: a classifier, in evaluation mode, on the CPU.
        tokenizer: the model's tokenizer.
        text: one text of any length; it is truncated to the model's limit.

    Returns:
        The probabilities, and how much of the text was read.

    Raises:
        TypeError: if `text` is not a string.
        ValueError: if the text is empty.
    """
    if not isinstance(text, str):
        raise TypeError(f"Pass one text, a str, not {type(text).__name__}.")
    input_ids, truncated = read_tokens(tokenizer, text)
    if len(input_ids) <= tokenizer.num_special_tokens_to_add():
        raise ValueError("There is no text to score: type a sentence, such as 'A moving film.'")
    batch = torch.tensor([input_ids])
    with torch.inference_mode():
        logits = model(input_ids=batch, attention_mask=torch.ones_like(batch)).logits
    names = [model.config.id2label[number] for number in range(model.config.num_labels)]
    return Prediction(
        probabilities=dict(zip(names, logits[0].softmax(dim=-1).tolist(), strict=True)),
        tokens=len(input_ids),
        truncated=truncated,
        unknown=input_ids.count(tokenizer.unk_token_id),
    )


def read_tokens(tokenizer: PreTrainedTokenizerFast, text: str) -> tuple[list[int], bool]:
    """Return the ids of the first tokens of a text, up to the tokenizer's limit.

    Only as much of the text is tokenized as needed: a megabyte would take a second.

    Returns:
        The ids, special tokens included, and whether the text has more.
    """
    size = CHARACTERS_FOR_A_TOKEN * tokenizer.model_max_length
    while True:
        # A browser may send half an emoji while one is typed, which cannot be tokenized.
        start = text[:size].encode("utf-8", errors="ignore").decode("utf-8")
        chunks = tokenizer(start, truncation=True, return_overflowing_tokens=True)["input_ids"]
        # The cut may have split a word. Its tokens are among the last, and not in the first chunk
        # if there is a whole chunk between.
        if len(chunks) > 2 or size >= len(text):
            return chunks[0], len(chunks) > 1
        size *= 2
