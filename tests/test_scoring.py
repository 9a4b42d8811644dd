import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from helpers.levels import LEVELS
from helpers.scoring import CHARACTERS_FOR_A_TOKEN, read_tokens, score

# Each is a trap for who tokenizes only the start of a text: a piece of it may hold many
# characters and few tokens, and a cut may split it.
PIECES = ["good ", " " * 200, "a" * 150, "un" * 40, "wonderfully", "电影", "🎉", "e\u0301", "\n"]
LONG_TEXTS = st.lists(st.sampled_from(PIECES), min_size=1, max_size=8).map(
    lambda pieces: "".join(pieces) * 100
)


class Spy:
    """A tokenizer that remembers how long the texts were that it was given."""

    def __init__(self, tokenizer) -> None:
        self.tokenizer, self.lengths = tokenizer, []
        self.model_max_length = tokenizer.model_max_length

    def __call__(self, text: str, **options: object):
        self.lengths.append(len(text))
        return self.tokenizer(text, **options)


@pytest.mark.parametrize("text", ["A moving film.", "Not good, not bad. " * 20, "电影 🎉 <b>bold"])
def test_the_probabilities_are_those_of_the_models_logits(classifier, tokenizer, text):
    with torch.no_grad():
        logits = classifier(**tokenizer(text, return_tensors="pt")).logits[0]
    probabilities = score(classifier, tokenizer, text).probabilities
    assert list(probabilities.values()) == pytest.approx(logits.softmax(-1).tolist(), abs=1e-6)


def test_every_level_has_a_probability_by_its_name_and_together_they_are_1(classifier, tokenizer):
    probabilities = score(classifier, tokenizer, "A moving film.").probabilities
    assert tuple(probabilities) == LEVELS
    assert sum(probabilities.values()) == pytest.approx(1)
    assert {type(probability) for probability in probabilities.values()} == {float}


def test_of_an_ordinary_sentence_there_is_nothing_to_remark(classifier, tokenizer):
    prediction = score(classifier, tokenizer, "A moving film.")
    assert (prediction.tokens, prediction.truncated, prediction.unknown) == (6, False, 0)
    assert prediction.remarks == ""


def test_ten_thousand_words_are_cut_and_the_reader_is_told(classifier, tokenizer):
    prediction = score(classifier, tokenizer, "good film " * 5_000)
    assert prediction.truncated
    assert prediction.tokens == 512
    assert prediction.remarks == "The text is long: only its first 512 tokens were read."


def test_what_is_cut_off_changes_nothing(classifier, tokenizer):
    start = "good film " * 255
    whole, cut = (
        score(classifier, tokenizer, text) for text in (start, start + "terrible " * 9_000)
    )
    assert not whole.truncated
    assert cut.probabilities == whole.probabilities


@pytest.mark.parametrize(("words", "truncated"), [(510, False), (511, True)])
def test_a_text_is_cut_only_past_the_limit(tokenizer, words, truncated):
    input_ids, cut = read_tokens(tokenizer, "good " * words)
    assert (len(input_ids), cut) == (512, truncated)


@given(LONG_TEXTS)
def test_the_tokens_are_the_first_ones_of_the_whole_text(tokenizer, text):
    everything = tokenizer(text, verbose=False)["input_ids"]
    expected = tokenizer(text, truncation=True)["input_ids"]
    assert read_tokens(tokenizer, text) == (expected, len(everything) > 512)


def test_a_word_that_the_first_cut_splits_is_read_whole(tokenizer):
    start = "good " * 509
    start += " " * (CHARACTERS_FOR_A_TOKEN * tokenizer.model_max_length - len(start) - 5)
    input_ids, _ = read_tokens(tokenizer, start + "unbelievable " + "good " * 9_000)
    assert tokenizer.convert_ids_to_tokens(input_ids)[-2:] == ["unbelievable", "[SEP]"]


def test_a_megabyte_is_not_tokenized_whole(tokenizer):
    spy = Spy(tokenizer)
    read_tokens(spy, "wonderful film " * 70_000)
    assert sum(spy.lengths) < 10_000


@pytest.mark.parametrize("text", ["", " \t\n", "\u200b", "\ud83c"], ids=ascii)
def test_a_text_without_anything_to_read_is_refused(classifier, tokenizer, text):
    with pytest.raises(ValueError, match="There is no text to score: type a sentence"):
        score(classifier, tokenizer, text)


@pytest.mark.parametrize("text", [None, ["A film.", "Another."], 5])
def test_what_is_not_one_text_is_refused(classifier, tokenizer, text):
    with pytest.raises(TypeError, match="Pass one text, a str, not"):
        score(classifier, tokenizer, text)


@pytest.mark.parametrize(("text", "unknown"), [("🎉 wow", 1), ("这部电影很好", 5), ("🎉" * 99, 1)])
def test_what_the_model_has_no_token_for_is_counted_and_said(classifier, tokenizer, text, unknown):
    prediction = score(classifier, tokenizer, text)
    assert prediction.unknown == unknown
    assert f"no token for: {unknown}. It cannot tell them apart." in prediction.remarks


def test_html_is_text_like_any_other(classifier, tokenizer):
    prediction = score(classifier, tokenizer, "<script>alert(1)</script>")
    assert prediction.tokens == 13
    assert prediction.remarks == ""


def test_half_an_emoji_is_left_out(classifier, tokenizer):
    halved = score(classifier, tokenizer, "A moving film.\ud83c")
    assert halved == score(classifier, tokenizer, "A moving film.")
