from collections.abc import Iterator

import pandas as pd
import pytest
from bs4 import BeautifulSoup
from datasets import ClassLabel, Dataset, DatasetDict, Features, IterableDataset, Value
from datasets.features import LargeList, List
from hypothesis import given
from hypothesis import strategies as st
from IPython.display import HTML

from helpers import display
from helpers.display import (
    FLUSH_LEFT,
    LONGEST_TEXT,
    UNLABELLED,
    choose_rows,
    random_elements_table,
    readable,
    reservoir_sample,
    show_random_elements,
    show_table,
)

STARS = ClassLabel(names=["bad", "good"])
SEEDS = st.one_of(st.none(), st.integers())
TABLE_TAGS = {"table", "thead", "tbody", "tr", "th", "td"}


def tags(page: str) -> set[str]:
    # The one line of style is the course's own.
    return {tag.name for tag in BeautifulSoup(page.removeprefix(FLUSH_LEFT), "html.parser")(True)}


def cells(page: str) -> list[str]:
    return [cell.get_text() for cell in BeautifulSoup(page, "html.parser")("td")]


def cells_of(dataset: Dataset, **arguments: object) -> list[str]:
    return cells(random_elements_table(dataset, **arguments))


def numbered(size: int, iterable: bool = False) -> Dataset | IterableDataset:
    dataset = Dataset.from_dict({"number": list(range(size))})
    return dataset.to_iterable_dataset() if iterable else dataset


def labelled(*labels: int | None) -> Dataset:
    return Dataset.from_dict({"label": list(labels)}, features=Features({"label": STARS}))


@given(st.data(), st.integers(1, 30), st.booleans(), SEEDS)
def test_each_row_is_shown_at_most_once_and_as_many_as_asked_for(data, size, iterable, seed):
    wanted = data.draw(st.integers(1, size))
    rows = choose_rows(numbered(size, iterable), wanted, seed)
    numbers = {row["number"] for row in rows}
    assert len(rows) == len(numbers) == wanted
    assert numbers <= set(range(size))


@given(st.integers(), st.booleans())
def test_the_same_seed_shows_the_same_rows(seed, iterable):
    first, second = (choose_rows(numbered(50, iterable), 5, seed) for _ in range(2))
    assert first == second


@pytest.mark.parametrize("iterable", [False, True])
def test_another_seed_shows_other_rows(iterable):
    tables = {random_elements_table(numbered(50, iterable), 5, seed) for seed in range(5)}
    assert len(tables) == 5


def test_all_rows_of_a_large_dataset_are_shown_without_leaving_any_out():
    assert sorted(map(int, cells_of(numbered(300), num_examples=300))) == list(range(300))


def test_an_iterable_dataset_is_read_once():
    reads = []

    def rows() -> Iterator[dict]:
        reads.append("start")
        yield from ({"number": number} for number in range(9))

    choose_rows(IterableDataset.from_generator(rows), 3, seed=0)
    assert reads == ["start"]


def test_a_reservoir_picks_each_row_equally_often():
    counts = dict.fromkeys(range(5), 0)
    for seed in range(1_000):
        rows, _ = reservoir_sample(
            [{"number": number} for number in range(5)], 2, display.random.Random(seed)
        )
        for row in rows:
            counts[row["number"]] += 1
    # 400 each on average, with a standard deviation of 15.
    assert all(330 < count < 470 for count in counts.values())


# Control characters are not text that HTML can hold.
@given(st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=60))
def test_any_text_is_shown_as_it_is_and_never_becomes_html(text):
    page = random_elements_table(Dataset.from_dict({"text": [text]}), 1)
    assert cells(page) == [text]
    assert tags(page) <= TABLE_TAGS


@pytest.mark.parametrize(
    "attack",
    ["<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "</td></table><b>", "&lt;"],
)
def test_html_is_escaped_inside_lists_and_dicts_and_column_names_too(attack):
    dataset = Dataset.from_dict({attack: [[attack]], "nested": [{"key": {attack: attack}}]})
    page = random_elements_table(dataset, 1)
    assert tags(page) <= TABLE_TAGS
    assert all(attack in cell for cell in cells(page))


def test_dollar_signs_are_not_typeset_as_formulas():
    page = random_elements_table(Dataset.from_dict({"text": ["$5 to $10"]}), 1)
    assert "mathjax_ignore tex2jax_ignore" in page
    assert "$5 to $10" in page


def test_a_label_is_shown_by_its_name():
    assert cells_of(labelled(1), num_examples=1) == ["good"]


@pytest.mark.parametrize("label", [-1, None])
def test_a_missing_label_is_shown_as_unlabelled(label):
    assert cells_of(labelled(label), num_examples=1) == [UNLABELLED]


def test_the_table_names_nested_labels_of_a_real_dataset():
    features = Features({"tags": List(STARS), "answer": {"stars": LargeList({"label": STARS})}})
    rows = {"tags": [[0, 1, -1]], "answer": [{"stars": [{"label": 1}, {"label": None}]}]}
    dataset = Dataset.from_dict(rows, features=features)
    assert cells_of(dataset, num_examples=1) == [
        "[bad, good, unlabelled]",
        "{'stars': [{'label': 'good'}, {'label': 'unlabelled'}]}",
    ]


@pytest.mark.parametrize("feature", [List(STARS), {"key": STARS}])
def test_a_missing_list_or_dict_stays_missing(feature):
    assert readable(None, feature) is None


def test_what_is_not_a_label_is_left_alone():
    assert readable(-1, Value("int64")) == -1


def test_whole_numbers_stay_whole_beside_a_missing_one():
    dataset = Dataset.from_dict({"number": [12, None]})
    assert "12" in cells_of(dataset, num_examples=2)


def test_a_dataset_formatted_for_training_is_shown_as_plain_values():
    features = Features({"label": STARS, "ids": List(Value("int64"))})
    dataset = Dataset.from_dict({"label": [1], "ids": [[1, 2]]}, features=features)
    assert cells_of(dataset.with_format("torch"), num_examples=1) == ["good", "[1, 2]"]


def test_a_text_that_just_fits_is_shown_whole():
    text = "x" * LONGEST_TEXT
    assert cells_of(Dataset.from_dict({"text": [text]}), num_examples=1) == [text]


def test_a_longer_text_is_cut_and_its_length_told():
    text = "x" * 1_234
    [cell] = cells_of(Dataset.from_dict({"text": [text]}), num_examples=1)
    assert cell == "x" * LONGEST_TEXT + "… [1,234 characters]"


def test_the_reader_s_pandas_options_are_left_as_they_were():
    with pd.option_context("display.max_colwidth", 7):
        random_elements_table(numbered(3), 1)
        assert pd.get_option("display.max_colwidth") == 7


def test_what_is_displayed_is_the_html_of_the_table(monkeypatch):
    shown = []
    monkeypatch.setattr(display, "display", shown.append)
    show_random_elements(numbered(9), num_examples=4, seed=1)
    assert isinstance(shown[0], HTML)
    assert shown[0].data == random_elements_table(numbered(9), 4, 1)


def test_a_table_is_shown_escaped_and_flush_left_and_without_its_index(monkeypatch):
    shown = []
    monkeypatch.setattr(display, "display", shown.append)
    attack = "<script>alert(1)</script> for $5 to $10"
    show_table(pd.DataFrame({"text": [attack], "label": ["neutral"]}, index=[77]))
    page = shown[0].data
    assert page.startswith(FLUSH_LEFT)
    assert cells(page) == [attack, "neutral"]
    assert tags(page) <= TABLE_TAGS
    assert "mathjax_ignore tex2jax_ignore" in page
    assert "77" not in page


def test_ten_rows_are_shown_when_no_number_is_given():
    assert len(cells_of(numbered(50))) == 10


@pytest.mark.parametrize("number", [0, -1, 1.5, True, "3", None])
def test_fewer_than_one_row_or_no_whole_number_is_refused(number):
    with pytest.raises(ValueError, match="ask for 1 row or more"):
        random_elements_table(numbered(5), number)


@pytest.mark.parametrize("iterable", [False, True])
def test_more_rows_than_there_are_is_refused_with_both_numbers(iterable):
    with pytest.raises(ValueError, match=r"6 rows were asked for, and the dataset has 5\."):
        random_elements_table(numbered(5, iterable), 6)


def test_a_dict_of_splits_is_refused_with_the_names_of_the_splits():
    splits = DatasetDict(train=numbered(3), test=numbered(3))
    with pytest.raises(TypeError, match=r"pass one of them \('train', 'test'\)"):
        show_random_elements(splits)


def test_what_is_no_dataset_is_refused_with_its_type():
    with pytest.raises(TypeError, match="A Dataset or an IterableDataset is needed, not list"):
        show_random_elements([{"text": "a"}])
