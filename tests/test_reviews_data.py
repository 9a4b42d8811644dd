from collections import Counter
from fractions import Fraction
from pathlib import Path

import pytest
import yaml
from datasets import ClassLabel, Value, get_dataset_config_names, load_dataset
from datasets.features import Features, List
from transformers import AutoTokenizer

from helpers.levels import LEVELS, rating_level
from helpers.sampling import shared_texts

CONFIGS = ("snippets", "full_reviews", "ratings")
SPLITS = ("train", "test")
LABEL = ClassLabel(names=list(LEVELS))


@pytest.fixture(scope="module")
def card(source) -> dict:
    """What the card says in its header of YAML."""
    text = (Path(source.dataset) / "README.md").read_text(encoding="utf-8")
    return yaml.safe_load(text.split("---")[1])


@pytest.fixture(scope="module")
def reviews(source, tmp_path_factory) -> dict:
    """All configs, loaded without the cache of an earlier run."""
    cache = str(tmp_path_factory.mktemp("cache"))
    return {config: load_dataset(source.dataset, config, cache_dir=cache) for config in CONFIGS}


@pytest.fixture(scope="module")
def texts(reviews) -> list[str]:
    return [
        text for config in CONFIGS[:2] for rows in reviews[config].values() for text in rows["text"]
    ]


def described(card: dict) -> dict[str, dict]:
    return {info["config_name"]: info for info in card["dataset_info"]}


def test_snippets_are_what_is_loaded_when_no_config_is_named(source, reviews, tmp_path):
    default = load_dataset(source.dataset, split="test", cache_dir=str(tmp_path))
    assert default["text"][:] == reviews["snippets"]["test"]["text"][:]


def test_the_card_describes_every_config(source, card):
    assert set(get_dataset_config_names(source.dataset)) == set(CONFIGS)
    assert set(described(card)) == set(CONFIGS)


@pytest.mark.parametrize("config", CONFIGS)
def test_the_features_are_those_of_the_card(card, reviews, config):
    promised = Features._from_yaml_list(described(card)[config]["features"])
    assert all(rows.features == promised for rows in reviews[config].values())


@pytest.mark.parametrize("config", CONFIGS)
def test_the_numbers_of_rows_are_those_of_the_card(card, reviews, config):
    promised = {split["name"]: split["num_examples"] for split in described(card)[config]["splits"]}
    assert promised == {split: len(rows) for split, rows in reviews[config].items()}


def test_every_file_belongs_to_a_split_of_the_card(source, card):
    files = {
        str(path.relative_to(source.dataset)) for path in Path(source.dataset).rglob("*.parquet")
    }
    named = {file["path"] for entry in card["configs"] for file in entry["data_files"]}
    assert files == named


def test_the_card_names_the_licence_and_the_language(card):
    assert (card["license"], card["language"]) == ("mit", ["en"])


def test_the_columns_of_snippets_are_those_of_yelp(reviews):
    assert reviews["snippets"]["train"].features == {"label": LABEL, "text": Value("string")}


def test_the_columns_of_ratings_are_the_label_and_every_rating(reviews):
    expected = {"label": LABEL, "ratings": List(Value("int8"))}
    assert reviews["ratings"]["train"].features == expected


def test_all_snippets_but_the_duplicates_are_there(reviews):
    assert [len(reviews["snippets"][split]) for split in SPLITS] == [8_603, 2_000]


def test_there_are_300_full_reviews(reviews):
    assert len(reviews["full_reviews"]["train"]) == 300


@pytest.mark.parametrize("split", SPLITS)
def test_each_label_is_the_level_of_the_mean_rating(reviews, split):
    rated = reviews["ratings"][split]
    means = [Fraction(sum(ratings), len(ratings)) for ratings in rated["ratings"]]
    assert [rating_level(mean) for mean in means] == rated["label"][:]


@pytest.mark.parametrize("split", SPLITS)
def test_ratings_and_snippets_have_the_same_labels_in_the_same_order(reviews, split):
    assert reviews["ratings"][split]["label"][:] == reviews["snippets"][split]["label"][:]


@pytest.mark.parametrize("split", SPLITS)
def test_fifteen_people_or_more_rated_every_text_on_the_scale(reviews, split):
    ratings = reviews["ratings"][split]["ratings"][:]
    assert min(map(len, ratings)) >= 15
    assert all(-4 <= rating <= 4 for row in ratings for rating in row)


def test_test_has_the_balance_of_the_whole_to_within_one_row(reviews):
    train, test = (Counter(reviews["snippets"][split]["label"]) for split in SPLITS)
    for label in range(len(LEVELS)):
        share = Fraction(2_000, 10_603) * (train[label] + test[label])
        assert abs(test[label] - share) < 1


def test_the_levels_are_nearly_balanced(reviews):
    counts = Counter(label for split in SPLITS for label in reviews["snippets"][split]["label"])
    assert set(counts) == set(range(5))
    assert max(counts.values()) / min(counts.values()) < 1.1


def test_no_text_is_in_both_splits(reviews):
    assert shared_texts(reviews["snippets"]["train"], reviews["snippets"]["test"]) == set()


@pytest.mark.parametrize(
    ("config", "split"), [("snippets", "train"), ("snippets", "test"), ("full_reviews", "train")]
)
def test_no_text_is_there_twice(reviews, config, split):
    texts = reviews[config][split]["text"][:]
    assert len(texts) == len(set(texts))


def test_no_text_is_empty_or_has_space_around_it(texts):
    assert all(text and text == text.strip() for text in texts)


# What UTF-8 looks like when it is read as latin-1 or as Windows-1252, and what is not text.
@pytest.mark.parametrize("trace", ["Ã", "Â", "â€", "\ufffd", "\ufeff", "\t", "\n", "\r", "\x00"])
def test_no_text_was_read_in_the_wrong_encoding(texts, trace):
    assert [text for text in texts if trace in text] == []


def test_accents_have_survived(texts):
    assert any("cliché" in text for text in texts)


def test_32_full_reviews_are_longer_than_the_model_reads(source, reviews):
    tokenizer = AutoTokenizer.from_pretrained(source.model)
    ids = tokenizer(reviews["full_reviews"]["train"]["text"][:], verbose=False)["input_ids"]
    assert sum(len(tokens) > tokenizer.model_max_length for tokens in ids) == 32
    assert tokenizer.model_max_length == 512
