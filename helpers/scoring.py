"""The probability of each level for one text, with a fine-tuned model."""

from dataclasses import dataclass

import torch
from transformers import PreTrainedModel, PreTrainedTokenizerFast

# An ordinary English token takes four to five characters, and three limits of tokens are wanted.
CHARACTERS_FOR_A_TOKEN = 16


@dataclass(frozen=True)
class Prediction:
    """What a model says of one text.

    Attributes:
        probabilities: a probability for each label name, in the order of the labels' numbers;
            together they are 1.
        tokens: how many tokens the model read, special ones included.
        truncated: whether the text had more of them than the model reads.
        unknown: how many of the tokens stand for something that the vocabulary has not.
    """

    probabilities: dict[str, float]
    tokens: int
    truncated: bool
    unknown: int

    @property
    def remarks(self) -> str:
        """What a reader has to know of the text beside the probabilities; often nothing."""
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
    """Give each level a probability, by one pass through the model.

    Args:
        model: a classifier, in evaluation mode, on the CPU.
        tokenizer: the model's tokenizer.
        text: one text of any length; what the model's limit leaves no room for is cut off.

    Returns:
        The probabilities, and what was read of the text.

    Raises:
        TypeError: if `text` is not one text.
        ValueError: if there is nothing to read in it.
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

    Only as much of the text is tokenized as that takes: a megabyte would take a second.

    Returns:
        The ids, special tokens included, and whether the text has more.
    """
    size = CHARACTERS_FOR_A_TOKEN * tokenizer.model_max_length
    while True:
        # Half an emoji, which a browser may send while one is typed, cannot be tokenized.
        start = text[:size].encode("utf-8", errors="ignore").decode("utf-8")
        chunks = tokenizer(start, truncation=True, return_overflowing_tokens=True)["input_ids"]
        # The cut may have split a word. Its tokens are among the last, and cannot be in the first
        # chunk if there is a whole one between.
        if len(chunks) > 2 or size >= len(text):
            return chunks[0], len(chunks) > 1
        size *= 2
