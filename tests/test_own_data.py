"""The learner's own file: read as it is, prepared once, or refused in one sentence."""

import errno
import io
import json
import re
import shutil
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import datasets
import huggingface_hub
import pandas as pd
import pytest
from datasets import ClassLabel, Dataset, DatasetDict, load_dataset
from support.permissions import forbid

from helpers import own_table, sources
from helpers.own_data import first_texts, prepare_own_data
from helpers.own_table import TableError
from helpers.sources import OWN_VARIABLES, SourceError, find_weights, get_source

ROWS = [(f"Review number {row} of a film", ("bad", "good")[row % 2]) for row in range(60)]
LINES = "text,label\n" + "".join(f"{text},{label}\n" for text, label in ROWS)


def table(rows=ROWS, columns=("text", "label")) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=list(columns))


@pytest.fixture
def prepare(tmp_path) -> Callable:
    """Prepare a file in a folder of the test, whose content is a text, bytes or a table."""

    def prepare(content, name="reviews.csv", **options):
        path = tmp_path / "mine" / name
        path.parent.mkdir(exist_ok=True)
        writers = {".xlsx": pd.DataFrame.to_excel, ".parquet": pd.DataFrame.to_parquet}
        if isinstance(content, pd.DataFrame):
            writers.get(path.suffix, pd.DataFrame.to_csv)(content, path, index=False)
        else:
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return prepare_own_data(str(path), tmp_path / "cache", **options)

    return prepare


def load(data, tmp_path: Path) -> DatasetDict:
    return load_dataset(str(data.folder), cache_dir=str(tmp_path / "datasets"))


def as_json_lines(rows=ROWS) -> str:
    return "".join(json.dumps({"text": t, "label": y}, ensure_ascii=False) + "\n" for t, y in rows)


CHINESE = table([(f"第{row}部电影很好看", "好评" if row % 2 else "差评") for row in range(60)])
FORMS = {
    "reviews.csv": LINES,
    "bom.csv": LINES.encode("utf-8-sig"),
    "windows.csv": LINES.replace("\n", "\r\n"),
    "blank lines.csv": LINES.replace("\n", "\n\n"),
    "old mac.csv": LINES.replace("\n", "\r"),
    "pipes.csv": LINES.replace(",", "|"),
    "semicolons.csv": LINES.replace(",", ";"),
    "excel.csv": LINES.replace(",", "\t").encode("utf-16"),
    "reviews.tsv": LINES.replace(",", "\t"),
    "reviews.jsonl": as_json_lines(),
    "reviews.json": json.dumps([{"text": text, "label": label} for text, label in ROWS]),
    "reviews.parquet": table(),
    "reviews.xlsx": table(),
}


@pytest.mark.parametrize("name", FORMS)
def test_every_kind_of_file_gives_the_same_dataset(prepare, tmp_path, name):
    dataset = load(prepare(FORMS[name], name), tmp_path)
    assert dataset["train"].features["label"] == ClassLabel(names=["bad", "good"])
    label = dataset["train"].features["label"].int2str
    found = {(row["text"], label(row["label"])) for split in dataset.values() for row in split}
    assert found == set(ROWS)


def test_chinese_of_another_encoding_is_guessed_and_said(prepare, tmp_path):
    data = prepare(CHINESE.to_csv(index=False).encode("gb18030"))
    assert "reviews.csv is not UTF-8; it was read as GB18030" in data.remarks
    assert load(data, tmp_path)["train"].features["label"].names == ["好评", "差评"]


BAD_FILES = {
    "0 rows": ("text,label\n", "has 0 rows"),
    "an empty file": ("", "has 0 rows"),
    "few rows": (table(ROWS[:20]), "rows can be used, and the course needs 50 or more"),
    "one class": (LINES.replace("bad", "good"), "has only one class, 'good'"),
    "no label": (table(columns=("text", "id")).assign(id=range(60)), "no column of labels"),
    "no text": (table([(row, row % 2) for row in range(60)], ("n", "y")).to_csv(), "No row has"),
    "two labels": (
        table([(*row, row[1][::-1]) for row in ROWS], ("text", "one", "two")),
        "labels is not clear ('one', 'two'): name it, as in COURSE_LABEL=one",
    ),
    "many classes": (
        table([(text, text[:16]) for text, _ in ROWS]),
        "60 classes ('Review number 0' 1, ",
    ),
    "ragged": (LINES + "A film, and more,good\n", "Line 62 of reviews.csv has 3 fields"),
    "short": (LINES + "Only a text\n", "Line 62 of reviews.csv has 1 fields"),
    "a quote": (
        LINES + '"No end,good\n' + LINES,
        'Line 62 of reviews.csv begins a field with a double quote (") that does not end where ',
    ),
    "no header": ("5,A fine film\n" + LINES, "seems to be a row, for it has the field '5'"),
    "a long header": (LINES.replace("text,", f"{'x' * 61},", 1), f"has the field '{'x' * 20}':"),
    "an empty header": (LINES.replace("text,", "text,,", 1), "for it has the field ''"),
    "twice": (LINES.replace("text,label", "text,text"), "has two columns 'text'"),
    "latin-1": ("text,label\nUn café d'été,good\n".encode("latin-1"), "Line 2 of reviews.csv is "),
    # Its accents and the letters behind them are characters of GB18030 that nobody writes.
    "accents": ("text,label\nUn système,problème\n".encode("latin-1"), "neither UTF-8 nor GB"),
    "no text file": (b"\x89PNG\0\0" * 20, "holds no text"),
    "a bad split": (table([(*row, "new") for row in ROWS], ("text", "label", "split")), "'new'"),
}
BAD_OTHERS = {
    "password.xlsx": (b"\xd0\xcf\x11\xe0 and more", "has a password"),
    "damaged.xlsx": (b"PK\x03\x04 and nothing more", "is no complete Excel file"),
    "damaged.parquet": (b"PAR1", "is no complete Parquet file"),
    "bad.jsonl": (as_json_lines() + "{'text': 1}\n", "Line 61 of bad.jsonl is no JSON"),
    "numbers.json": ("[1, 2]", "is no list of rows"),
    "deep.json": ("[" * 200_000, "Line 1 of deep.json is no JSON"),
    "twice.xlsx": (table([(*row, "x") for row in ROWS], ("text", "label", "label")), "'label'"),
    "no header.xlsx": (table(columns=("5", "good")), "seems to be a row, for it has the field '5'"),
    "lists.json": (json.dumps([{"text": "a", "label": ["x", "y"]}]), "several labels in 'label'"),
    "reviews.docx": (LINES, "a file of the kind .docx, and the course reads .csv"),
}


def is_one_sentence(text: str) -> bool:
    return text.endswith(".") and not re.search(r"[.] [A-Z]|\n", text)


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [("reviews.csv", *pair) for pair in BAD_FILES.values()]
    + [(name, *pair) for name, pair in BAD_OTHERS.items()],
    ids=[*BAD_FILES, *BAD_OTHERS],
)
def test_a_bad_file_is_refused_in_one_sentence_and_left_as_it_is(
    prepare, tmp_path, name, content, expected
):
    with pytest.raises(TableError) as caught:
        prepare(content, name)
    assert expected in str(caught.value)
    assert is_one_sentence(str(caught.value)), caught.value
    if not isinstance(content, pd.DataFrame):
        written = content if isinstance(content, bytes) else content.encode()
        assert (tmp_path / "mine" / name).read_bytes() == written
    assert not (tmp_path / "cache").exists()


@pytest.mark.parametrize("option", ["text", "label"])
def test_a_column_that_is_not_there_is_refused_with_those_that_are(prepare, option):
    with pytest.raises(
        TableError, match=rf"{option.upper()}=x: .* the columns are 'text', 'label'"
    ):
        prepare(LINES, **{option: "x"})


def test_what_is_left_out_is_counted_and_shown(prepare, tmp_path):
    more = [("", "good"), ("Which is it?", ""), ROWS[0], ("12/10", "good"), (ROWS[1][0], "bad")]
    data = prepare(table(ROWS + more))
    assert data.remarks == [
        "texts: the column 'text', guessed; COURSE_TEXT names another",
        "labels: the column 'label', guessed; COURSE_LABEL names another",
        "left out, no text in 'text': 1 of the rows (below the header: 61)",
        "left out, no label in 'label': 1 of the rows (below the header: 62)",
        "left out, something else than text: 1 of the rows (below the header: 64)",
        "left out, the same text with different labels: 2 of the rows (below the header: 2, 65)",
        "left out, the text and label of another row: 1 of the rows (below the header: 63)",
        "2 classes in this order: 'bad' 30, 'good' 29",
        f"{CUT}: train 47, test 12",
    ]
    assert sum(map(len, load(data, tmp_path).values())) == len(ROWS) - 1


CUT = "splits (the test split is cut from the rows, each class in proportion)"


def several(number: int, classes: int = 2) -> pd.DataFrame:
    """As many rows, which belong to the classes in turn."""
    return table([(f"Text {row}", f"class {row % classes}") for row in range(number)])


def test_of_classes_without_an_order_it_is_said_how_to_order_them(prepare):
    assert prepare(several(54, classes=3), text="text", label="label").remarks == [
        "3 classes without an order: 'class 0' 18, 'class 1' 18, 'class 2' 18",
        "if they are levels, begin their names with numbers: '1 bad', '2 fair', '3 good'",
        f"{CUT}: train 42, test 12",
    ]


@pytest.mark.parametrize(
    ("rows", "enough", "told"),
    [
        (several(49), several(50), "49 of 49 rows can be used, and the course needs 50 or more"),
        (
            several(153, classes=51),
            several(150, classes=50),
            r"has 51 classes \(('class \d+' 3, ){8}and 43 more\), and the course takes 2 to 50: ",
        ),
        (several(60, classes=30), several(90, classes=30), "has no class with enough rows"),
    ],
)
def test_the_least_and_the_most_that_is_taken_is_what_is_said(prepare, rows, enough, told):
    with pytest.raises(TableError, match=told):
        prepare(rows)
    assert prepare(enough).remarks[-1].startswith(CUT)


@pytest.mark.parametrize(
    ("train", "test", "told"),
    [
        (40, 10, None),
        (39, 11, "39 rows of the split train can be used, and the course needs 40 or more: "),
        (41, 9, "9 rows of the split test can be used, and the course needs 10 or more: "),
    ],
)
def test_a_split_that_is_given_needs_as_many_rows_as_is_said(tmp_path, train, test, told):
    rows = several(train + test)
    folder = folder_of(tmp_path, train=rows[:train], test=rows[train:])
    if told:
        with pytest.raises(TableError, match=told):
            prepare_own_data(folder, tmp_path / "cache")
    else:
        remarks = prepare_own_data(folder, tmp_path / "cache").remarks
        assert remarks[-1] == "splits (as given): train 40, test 10"


def test_of_very_many_rows_2000_are_for_test_and_the_first_200_texts_are_looked_at(prepare):
    data = prepare(several(12_000))
    assert data.remarks[-1] == f"{CUT}: train 10,000, test 2,000"
    train = pd.read_parquet(data.folder / "train.parquet")
    assert first_texts(data) == train["text"][:200].tolist()


def test_a_column_may_have_a_name_of_60_characters(prepare):
    name = "x" * 60
    remarks = prepare(LINES.replace("text,", f"{name},", 1)).remarks
    assert remarks[0] == f"texts: the column {name!r}, guessed; COURSE_TEXT names another"


def test_of_a_workbook_the_first_sheet_is_read_wherever_its_table_begins(tmp_path):
    path = tmp_path / "mine.xlsx"
    with pd.ExcelWriter(path) as book:
        table().to_excel(book, sheet_name="rated", index=False, startrow=2, startcol=1)
        table(columns=("id", "more")).to_excel(book, sheet_name="notes", index=False)
    data = prepare_own_data(str(path), tmp_path / "cache")
    assert data.remarks[0] == "mine.xlsx has 2 sheets; the first was read, 'rated'"
    assert data.remarks[-1] == f"{CUT}: train 48, test 12"


def test_a_column_in_which_values_come_twice_on_average_is_none_of_labels(prepare):
    rows = several(60).rename(columns={"label": "kind"}).assign(id=[row // 2 for row in range(60)])
    assert "labels: the column 'kind', guessed; COURSE_LABEL names another" in prepare(rows).remarks


@pytest.mark.parametrize(
    ("part", "names"),
    [
        ("text", "text review comment content sentence body message tweet document"),
        ("text", "text 文本 评论 内容 正文 句子"),
        ("label", "label labels class category stars star rating score sentiment polarity target"),
        ("label", "label 标签 类别 分类 情感 评分 星级"),
    ],
)
def test_of_several_columns_with_known_names_the_best_known_is_taken(prepare, part, names):
    rows, known = table(), names.split()
    for name in known[1:]:
        rows.insert(0, name, rows[part])
    for name in known:
        said = f"{part}s: the column {name!r}, guessed; COURSE_{part.upper()} names another"
        assert said in prepare(rows).remarks
        rows = rows.drop(columns=name)


def test_the_test_split_is_cut_from_every_class_and_is_the_same_each_time(prepare, tmp_path):
    rare = [(f"Rare text {row}", "rare") for row in range(3)]
    first, again = (
        load(prepare(table(ROWS + rare), name), tmp_path) for name in ("a.csv", "b.csv")
    )
    assert Counter(first["test"]["label"]) == {0: 6, 1: 6, 2: 1}
    assert first["test"]["text"][:] == again["test"]["text"][:]
    # With the next edition of the course, too.
    numbers = [int(re.search(r"\d+", text)[0]) for text in first["test"]["text"]]
    assert numbers == [3, 11, 14, 17, 21, 23, 32, 39, 44, 48, 50, 58, 2]
    assert not set(first["train"]["text"]) & set(first["test"]["text"])


def test_a_class_that_is_too_rare_is_left_out_and_named(prepare):
    data = prepare(LINES + "One,rare\nTwo,rare\n")
    assert any("class with fewer than 3 rows to train on, rare: 2" in r for r in data.remarks)


@pytest.mark.parametrize("names", [("train", "test"), ("training", "dev", "test")])
def test_splits_that_are_given_are_kept(tmp_path, names):
    folder = tmp_path / "mine"
    folder.mkdir()
    rows = [(f"Text {row} of {name}", "ab"[row % 2]) for row in range(40) for name in names]
    for name in names:
        part = [row for row in rows if row[0].endswith(name)]
        table([*part, ("In both", "a")]).to_csv(folder / f"{name}.csv", index=False)
    dataset = load(prepare_own_data(str(folder), tmp_path / "cache"), tmp_path)
    sizes = {name: len(rows) for name, rows in dataset.items()}
    # The text that stands in all of them stays in test only.
    assert sizes == {"train": 40, **({"validation": 40} if len(names) > 2 else {}), "test": 41}


def test_a_column_named_split_is_followed(prepare, tmp_path):
    rows = [(*row, "train" if number % 3 else "test") for number, row in enumerate(ROWS)]
    dataset = load(prepare(table(rows, ("text", "label", "split"))), tmp_path)
    assert [len(dataset[name]) for name in ("train", "test")] == [40, 20]


@pytest.mark.parametrize(
    ("labels", "names", "ordered"),
    [
        ((3, 1, 2, 10), ["1", "2", "3", "10"], True),
        ((2.0, 1.0, 3.5), ["1", "2", "3.5"], True),
        (("3 stars", "1 star", "2 stars"), ["1 star", "2 stars", "3 stars"], True),
        (("positive", "neutral", "negative"), ["negative", "neutral", "positive"], True),
        (("sport", "art", "law"), ["art", "law", "sport"], False),
        ((True, False), ["False", "True"], True),
    ],
)
def test_labels_keep_their_names_and_stand_in_their_order(
    prepare, tmp_path, labels, names, ordered
):
    rows = [{"text": f"Text {row}", "label": labels[row % len(labels)]} for row in range(60)]
    data = prepare("\n".join(map(json.dumps, rows)), "labels.jsonl")
    assert load(data, tmp_path)["train"].features["label"].names == names
    assert data.ordered is ordered


def test_classes_that_a_file_of_datasets_names_keep_names_and_order(tmp_path):
    rated().to_parquet(tmp_path / "mine.parquet")
    data = prepare_own_data(str(tmp_path / "mine.parquet"), tmp_path / "cache")
    assert classes(data) == ["worse", "better"]
    assert "left out, no label in 'label': 1 of the rows (below the header: 61)" in data.remarks


def rated() -> Dataset:
    """Rows of named classes, the last without a label."""
    texts = [*(text for text, _ in ROWS), "Not rated yet"]
    rows = Dataset.from_dict({"text": texts, "label": [*[0, 1] * 30, -1]})
    return rows.cast_column("label", ClassLabel(names=["worse", "better", "unseen"]))


def classes(data) -> list[str]:
    """The names of the classes of a prepared dataset."""
    return (
        load_dataset(str(data.folder), cache_dir=str(data.folder / "d"))["train"]
        .features["label"]
        .names
    )


@pytest.mark.parametrize("name", ["moods.csv", "moods.xlsx"])
def test_a_class_may_be_called_none_or_na(prepare, name):
    moods = ("None", "Happy", "NA", "Sad")
    rows = [(f"Text {row} of a film", moods[row % 4]) for row in range(60)]
    assert set(classes(prepare(table(rows), name))) == set(moods)


@pytest.mark.parametrize(
    "change",
    [
        lambda rows: rows.assign(id=[f"r{row}" for row in rows.index]).set_index("id"),
        lambda rows: pd.concat([rows, table([("No label yet", None)])]).convert_dtypes(),
    ],
    ids=["an index of texts", "types of pandas with a missing label"],
)
def test_what_pandas_writes_into_parquet_is_read(tmp_path, change):
    path = tmp_path / "mine.parquet"
    change(table()).to_parquet(path)
    assert classes(prepare_own_data(str(path), tmp_path / "cache")) == ["bad", "good"]


def test_a_label_that_is_no_whole_character_is_none(prepare):
    data = prepare(
        as_json_lines() + '{"text": "Half an emoji", "label": "\\ud83d"}\n', "half.jsonl"
    )
    assert any("no label in 'label': 1 of the rows" in remark for remark in data.remarks)


def folder_of(tmp_path: Path, **splits: pd.DataFrame) -> str:
    """A folder with a file for each split, in the types of pandas."""
    folder = tmp_path / "mine"
    folder.mkdir()
    for name, rows in splits.items():
        rows.to_parquet(folder / f"{name}.parquet", index=False)
    return str(folder)


def test_a_test_split_may_lack_a_class(tmp_path):
    rows = [(f"Text {row}", "abc"[row % 3]) for row in range(90)]
    train, test = table(rows[:60]), table([row for row in rows[60:] if row[1] != "c"])
    folder = folder_of(tmp_path, train=train.astype("category"), test=test.astype("category"))
    assert classes(prepare_own_data(folder, tmp_path / "cache")) == ["a", "b", "c"]


def test_a_test_split_without_labels_is_named(tmp_path):
    folder = folder_of(tmp_path, train=table(), test=table().drop(columns="label"))
    with pytest.raises(TableError, match="split test has no column 'label'"):
        prepare_own_data(folder, tmp_path / "cache")


def test_where_all_rows_are_for_validation_they_are_cut(tmp_path):
    data = prepare_own_data(folder_of(tmp_path, dev=table()), tmp_path / "cache")
    assert {name: len(rows) for name, rows in load(data, tmp_path).items()} == {
        "train": 48,
        "test": 12,
    }


def test_a_file_beside_the_splits_is_not_read(tmp_path):
    folder = Path(folder_of(tmp_path, train=table(), test=table()[:20]))
    (folder / "names.json").write_text('{"bad": 0}')
    (folder / "README.md").write_text("What this is.")
    data = prepare_own_data(str(folder), tmp_path / "cache")
    assert "not read, because their names say no split: names.json" in data.remarks


def test_the_column_of_texts_is_the_one_with_the_longest_if_none_is_named_so(prepare):
    rows = table().rename(columns={"text": "said"})
    rows.insert(0, "number", range(len(rows)))
    rows.insert(1, "nothing", None)
    data = prepare(rows, "reviews.parquet")
    assert "texts: the column 'said', guessed; COURSE_TEXT names another" in data.remarks


def test_splits_of_the_hub_that_the_course_does_not_know_are_kept_together(tmp_path, monkeypatch):
    halves = {"english": table()[:30], "german": table()[30:]}
    splits = DatasetDict({name: Dataset.from_pandas(rows) for name, rows in halves.items()})
    splits = DatasetDict.load_from_disk(save(splits, tmp_path / "saved"))
    monkeypatch.setattr(datasets, "load_dataset", lambda name: splits)
    data = prepare_own_data("nobody/reviews", tmp_path / "cache")
    assert (
        sum(map(len, load_dataset(str(data.folder), cache_dir=str(tmp_path / "d")).values())) == 60
    )


def test_a_split_of_the_hub_beside_known_ones_is_not_read(tmp_path, monkeypatch):
    splits = DatasetDict({"train": rated(), "unsupervised": rated()})
    splits = DatasetDict.load_from_disk(save(splits, tmp_path / "saved"))
    monkeypatch.setattr(datasets, "load_dataset", lambda name: splits)
    data = prepare_own_data("nobody/reviews", tmp_path / "cache")
    assert data.remarks[0] == "not read, because their names say no split: unsupervised"
    assert data.remarks[-1] == f"{CUT}: train 48, test 12"
    assert classes(data) == ["worse", "better"]


def save(splits: DatasetDict, folder: Path) -> str:
    """Save splits, so that they have files as those of the Hub have."""
    splits.save_to_disk(str(folder))
    return str(folder)


def test_it_is_prepared_once_for_each_content(prepare, monkeypatch):
    first = prepare(LINES)
    assert prepare(LINES) == first
    assert prepare(LINES + "One more text,good\n").folder != first.folder
    assert prepare(LINES, text="text").folder != first.folder


@pytest.fixture
def own(tmp_path, monkeypatch) -> Callable:
    """Choose the source `own` with these variables."""
    monkeypatch.setattr(sources, "CACHE", tmp_path / "cache")

    def choose(**variables):
        for name in OWN_VARIABLES:
            monkeypatch.delenv(name, raising=False)
        for name, value in variables.items():
            monkeypatch.setenv(name, str(value))
        return get_source("own")

    return choose


def test_the_source_is_the_file_and_says_what_was_found(own, tmp_path, capsys):
    (tmp_path / "reviews.csv").write_text(LINES)
    source = own(COURSE_DATA=tmp_path / "reviews.csv")
    assert load_dataset(source.dataset, cache_dir=str(tmp_path / "d"))["test"].num_rows == 12
    assert source.ratings is None
    assert "2 classes in this order: 'bad' 30, 'good' 30" in capsys.readouterr().out


def test_texts_that_the_model_cannot_read_are_said(own, tmp_path, capsys):
    CHINESE.to_csv(tmp_path / "chinese.csv", index=False)
    own(COURSE_DATA=tmp_path / "chinese.csv")
    assert "\n75% of the tokens are not in the model's vocabulary" in capsys.readouterr().out
    (tmp_path / "english.csv").write_text(LINES)
    own(COURSE_DATA=tmp_path / "english.csv")
    assert "vocabulary" not in capsys.readouterr().out


@pytest.fixture
def model(tmp_path) -> Path:
    """A folder that passes for a model of the learner's own."""
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "model.safetensors").touch()
    shutil.copyfile(find_weights() / "tokenizer.json", folder / "tokenizer.json")
    (folder / "config.json").write_text('{"model_type": "bert", "max_position_embeddings": 256}')
    (folder / "tokenizer_config.json").write_text('{"model_max_length": 256}')
    return folder


def test_another_model_is_trained_at_the_rate_of_a_larger_one(own, tmp_path, model):
    (tmp_path / "a.csv").write_text(LINES)
    usual = own(COURSE_DATA=tmp_path / "a.csv")
    other = own(COURSE_DATA=tmp_path / "a.csv", COURSE_MODEL=model)
    assert (usual.learning_rate, other.learning_rate) == (1.5e-4, 3e-5)


def test_models_of_other_data_or_weights_are_kept_apart(own, tmp_path, model):
    (tmp_path / "a.csv").write_text(LINES)
    (tmp_path / "b.csv").write_text(LINES + "One more,good\n")
    chosen = [own(COURSE_DATA=tmp_path / name) for name in ("a.csv", "b.csv")]
    chosen.append(own(COURSE_DATA=tmp_path / "a.csv", COURSE_MODEL=model))
    assert chosen[-1].model == str(model)
    # Trained again, in the same place.
    (model / "model.safetensors").write_bytes(b"others")
    chosen.append(own(COURSE_DATA=tmp_path / "a.csv", COURSE_MODEL=model))
    assert len({source.models for source in chosen}) == 4


def test_a_file_that_cannot_be_read_to_its_end_is_named(own, tmp_path, monkeypatch):
    def read(path, say):
        raise OSError(errno.EIO, "Input/output error")

    (tmp_path / "a.csv").write_text(LINES)
    monkeypatch.setitem(own_table.READERS, ".csv", read)
    with pytest.raises(SourceError, match=r"^a.csv cannot be read: Input/output error\.$"):
        own(COURSE_DATA=tmp_path / "a.csv")


@pytest.mark.parametrize(
    ("forbidden", "told"),
    [
        ("mine", "there is no such file or folder that you may read;"),
        ("mine/a.csv", "a.csv cannot be read: Permission denied."),
        ("model", "there is no such folder that you may read;"),
        ("model/config.json", "model/config.json is not yours to read or write:"),
    ],
)
def test_what_may_not_be_read_is_named_in_one_sentence(
    own, tmp_path, model, monkeypatch, forbidden, told
):
    file = tmp_path / "mine" / "a.csv"
    file.parent.mkdir()
    file.write_text(LINES)
    forbid(tmp_path / forbidden, monkeypatch)
    with pytest.raises(SourceError) as caught:
        own(COURSE_DATA=file, COURSE_MODEL=model)
    assert is_one_sentence(str(caught.value))
    assert told in str(caught.value)
    assert "Errno" not in str(caught.value)


@pytest.mark.parametrize("name", ["config.json", "tokenizer_config.json", "tokenizer.json"])
def test_a_damaged_file_of_a_model_is_named(own, tmp_path, model, name):
    (tmp_path / "a.csv").write_text(LINES)
    (model / name).write_text('{"model')
    with pytest.raises(SourceError, match=f"its {name} is damaged") as caught:
        own(COURSE_DATA=tmp_path / "a.csv", COURSE_MODEL=model)
    assert is_one_sentence(str(caught.value))


def test_a_table_of_excel_without_openpyxl_is_one_sentence(prepare, monkeypatch):
    content = io.BytesIO()
    table().to_excel(content)
    monkeypatch.setitem(sys.modules, "openpyxl", None)
    with pytest.raises(TableError, match=r"Reading \.xlsx needs openpyxl: run ") as caught:
        prepare(content.getvalue(), "reviews.xlsx")
    assert is_one_sentence(str(caught.value))


@pytest.mark.parametrize(
    "limit",
    ["{}", '{"model_max_length": 1e30}', '{"model_max_length": 257}', '{"model_max_length": 0}'],
)
def test_a_model_whose_tokenizer_cuts_too_late_is_one_sentence(own, tmp_path, model, limit):
    (tmp_path / "a.csv").write_text(LINES)
    (model / "tokenizer_config.json").write_text(limit)
    with pytest.raises(SourceError, match='write "model_max_length": 256 there') as caught:
        own(COURSE_DATA=tmp_path / "a.csv", COURSE_MODEL=model)
    assert is_one_sentence(str(caught.value))


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({}, "COURSE_SOURCE=own needs COURSE_DATA: the path of your file"),
        ({"COURSE_DATA": "missing.csv"}, "COURSE_DATA=missing.csv: there is no such file"),
        ({"COURSE_DATA": "data/missing.csv"}, "there is no such file or folder"),
        ({"COURSE_DATA": "reviews.csv", "COURSE_MODEL": "nowhere"}, "there is no such folder"),
        (
            {"COURSE_DATA": "reviews.csv", "COURSE_MODEL": "."},
            "no config.json and no model.safetensors and no ",
        ),
        ({"COURSE_DATA": "reviews.csv", "COURSE_MODEL": "gpt"}, "a model of the kind 'gpt2'"),
        ({"COURSE_DATA": "nobody/nothing"}, "cannot be had from the Hub (Couldn't reach"),
        ({"COURSE_DATA": "reviews.csv", "COURSE_MODEL": "nobody/nothing"}, "from the Hub ("),
        ({"COURSE_DATA": "empty"}, "The folder empty holds no table"),
    ],
)
def test_a_bad_setting_is_one_sentence(own, tmp_path, monkeypatch, variables, expected):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", True)
    (tmp_path / "reviews.csv").write_text(LINES)
    (tmp_path / "empty").mkdir()
    (tmp_path / "gpt").mkdir()
    for name in ("model.safetensors", "tokenizer.json"):
        (tmp_path / "gpt" / name).touch()
    (tmp_path / "gpt" / "config.json").write_text('{"model_type": "gpt2"}')
    with pytest.raises(SourceError) as caught:
        own(**variables)
    assert expected in str(caught.value)
    assert is_one_sentence(str(caught.value))
