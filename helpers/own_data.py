"""Prepare somebody's own texts and labels as a dataset folder that `load_dataset` takes.

What was guessed and what was left out is said. The file itself is only read.
"""

import hashlib
import json
import os
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import yaml

from helpers.files import replaced_folder
from helpers.hub import REPOSITORY_NAME, explain_refusal
from helpers.levels import in_order, sort_labels
from helpers.own_table import (
    READERS,
    SPLITS,
    Say,
    TableError,
    find_files,
    name_classes,
    read_tables,
)

if TYPE_CHECKING:
    from datasets import DatasetDict

# Raise it when the same file would be prepared in another way.
EDITION = 2
RECORD = "prepared.json"
MOST_CLASSES = 50
LEAST_ROWS = 50
# Of splits that are given.
LEAST_IN_SPLIT = {"train": 40, "test": 10}
# One for train, one for validation, one for test.
LEAST_IN_CLASS = 3
TEST_SHARE, LARGEST_TEST = 0.2, 2_000
SEED = 42
TEXT_NAMES = ("text", "review", "comment", "content", "sentence", "body", "message", "tweet")
TEXT_NAMES += ("document", "文本", "评论", "内容", "正文", "句子")
LABEL_NAMES = ("label", "labels", "class", "category", "stars", "star", "rating", "score")
LABEL_NAMES += ("sentiment", "polarity", "target", "标签", "类别", "分类", "情感", "评分", "星级")
HALF_CHARACTER = re.compile("[\ud800-\udfff]")
# How many rows, and how many classes, a sentence names.
NAMED = 8


@dataclass(frozen=True)
class OwnData:
    """A prepared dataset.

    Attributes:
        folder: what `load_dataset` takes: Parquet files and a card with the names of the classes.
        ordered: whether the classes are levels, each above the one before.
        remarks: what was guessed, cut and left out, a sentence each.
    """

    folder: Path
    ordered: bool
    remarks: list[str]


def prepare_own_data(
    name: str, cache: Path, text: str | None = None, label: str | None = None
) -> OwnData:
    """Prepare a file, a folder of files or a dataset on the Hub, once for each content.

    Args:
        name: a path, or a name such as `owner/dataset`.
        cache: the folder for prepared datasets.
        text: the column with the texts; None is guessed.
        label: the column with the labels; None is guessed.

    Raises:
        TableError: if there is no such data, or no classifier can be trained on it.
    """
    remarks: list[str] = []
    path = Path(os.path.expanduser(name))
    # Of a folder that may not be read, `Path.exists` raises an error.
    if os.path.exists(path):
        hub, digest = None, _digest(path)
    elif REPOSITORY_NAME.fullmatch(name) and path.suffix.lower() not in READERS:
        hub = _load_hub(name)
        # Of a dataset on the Hub, the folder of its cache is named after its revision.
        digest = " ".join(
            [name, *(Path(rows.cache_files[0]["filename"]).parent.name for rows in hub.values())]
        )
    else:
        raise TableError(
            f"COURSE_DATA={name}: there is no such file or folder that you may read; a dataset on "
            "the Hub is named with its owner, as in owner/name."
        )
    options = json.dumps([EDITION, digest, text, label])
    stem = re.sub(r"[^A-Za-z0-9]+", "-", path.stem).strip("-").lower()[:30] or "data"
    folder = cache / f"{stem}-{hashlib.sha256(options.encode()).hexdigest()[:8]}"
    record = folder / RECORD
    if not record.is_file():
        say = remarks.append
        tables = read_tables(path, say) if hub is None else _tables_of(hub, say)
        frame, names = _tidy(tables, text, label, say)
        with replaced_folder(folder) as draft:
            _write(draft, frame, names)
            prepared = OwnData(folder, in_order(names), remarks)
            content = json.dumps(asdict(prepared) | {"folder": None}, ensure_ascii=False)
            (draft / RECORD).write_text(content, encoding="utf-8")
        return prepared
    return OwnData(**json.loads(record.read_text(encoding="utf-8")) | {"folder": folder})


def first_texts(data: OwnData) -> list[str]:
    """Return the first 200 training texts of a prepared dataset."""
    import pyarrow.parquet

    file = pyarrow.parquet.ParquetFile(data.folder / "train.parquet")
    return next(file.iter_batches(200, columns=["text"]))["text"].to_pylist()


def _digest(path: Path) -> str:
    digest = hashlib.sha256()
    for file in find_files(path):
        try:
            with file.open("rb") as opened:
                content = hashlib.file_digest(opened, "sha256").hexdigest()
        except OSError as error:
            raise TableError(f"{file.name} cannot be read: {error.strerror or error}.") from error
        digest.update(f"{file.name if file == path else file.relative_to(path)} {content}".encode())
    return digest.hexdigest()


def _load_hub(name: str) -> "DatasetDict":
    from datasets import load_dataset

    try:
        return load_dataset(name)
    except Exception as error:
        raise TableError(
            f"COURSE_DATA={name} is no file here, and cannot be had from the Hub "
            + explain_refusal(error)
        ) from error


def _tables_of(splits: "DatasetDict", say: Say) -> dict[str, pd.DataFrame]:
    from datasets import ClassLabel

    parts: dict[str, list[pd.DataFrame]] = {}
    for split, rows in splits.items():
        table = rows.to_pandas()
        for column, feature in rows.features.items():
            if isinstance(feature, ClassLabel):
                table[column] = name_classes(table[column], feature.names)
        parts.setdefault(SPLITS.get(split, ""), []).append(table)
    if len(parts) > 1 and parts.pop("", None):
        # Such as `unsupervised`.
        others = [split for split in splits if split not in SPLITS]
        say(f"not read, because their names say no split: {', '.join(others)}")
    return {split: pd.concat(tables, ignore_index=True) for split, tables in parts.items()}


def _tidy(
    tables: dict[str, pd.DataFrame], text: str | None, label: str | None, say: Say
) -> tuple[pd.DataFrame, list[str]]:
    # The rows that can be used, with the columns text, label (a number) and split; and the names.
    tables = _splits_of_column(tables)
    columns = tables.get("train", next(iter(tables.values())))
    text = _choose_text(columns, text, say)
    label = _choose_label(columns, text, label, say)
    frame, given = _collect(tables, text, label)
    total = len(frame)
    frame = _leave_out(frame, text, label, say)
    _check_classes(frame["label"].value_counts(), label)
    cut = "test" not in tables or "train" not in tables
    if cut:
        others = frame["split"] != "validation"
        # Where there is nothing but validation rows, they are all that there is to train on.
        frame.loc[others | (not others.any()), "split"] = "train"
    frame = _leave_out_rare(frame, LEAST_IN_CLASS if cut else LEAST_IN_CLASS - 1, say)
    counts = frame["label"].value_counts()
    _check_classes(counts, label)
    if len(frame) < LEAST_ROWS:
        raise TableError(
            f"{len(frame)} of {total} rows can be used, and the course needs {LEAST_ROWS} or more: "
            "gather some more, or correct what was left out."
        )
    names = [name for name in given if name in counts]
    if len(names) < len(counts):
        names = sort_labels(counts.index)
    _say_classes(names, counts, say)
    frame["label"] = frame["label"].map({name: number for number, name in enumerate(names)})
    if cut:
        frame.loc[_test_rows(frame), "split"] = "test"
    _check_splits(frame["split"].value_counts(), cut, say)
    return frame, names


def _collect(
    tables: dict[str, pd.DataFrame], text: str, label: str
) -> tuple[pd.DataFrame, list[str]]:
    # All rows with the columns text, label (a name), split and row; and the classes' given order.
    parts, given = [], []
    for split, table in tables.items():
        for name in (text, label):
            if name not in table:
                raise TableError(f"The split {split} has no column {name!r}, which another has.")
        labels = _label_names(table[label], label)
        if isinstance(labels.dtype, pd.CategoricalDtype):
            given = given or list(labels.cat.categories)
        part = pd.DataFrame({"text": table[text].astype(object), "label": labels.astype(object)})
        rows = [f"{split} {row + 1}".strip() for row in table.index]
        parts.append(part.assign(split=split, row=rows))
    return pd.concat(parts, ignore_index=True), given


def _say_classes(names: Sequence[str], counts: pd.Series, say: Say) -> None:
    order = "in this order" if in_order(names) else "without an order"
    listed = _listed([f"{name!r} {counts[name]:,}" for name in names], MOST_CLASSES)
    say(f"{len(names)} classes {order}: {listed}")
    if not in_order(names):
        say("if they are levels, begin their names with numbers: '1 bad', '2 fair', '3 good'")


def _check_splits(sizes: pd.Series, cut: bool, say: Say) -> None:
    for split, least in () if cut else LEAST_IN_SPLIT.items():
        if sizes.get(split, 0) < least:
            raise TableError(
                f"{sizes.get(split, 0)} rows of the split {split} can be used, and the course "
                f"needs {least} or more: add some, or give one split only, which it cuts in two."
            )
    how = "the test split is cut from the rows, each class in proportion" if cut else "as given"
    say(f"splits ({how}): " + ", ".join(f"{split} {size:,}" for split, size in sizes.items()))


def _splits_of_column(tables: dict[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    [(split, table), *rest] = tables.items()
    column = next((name for name in table.columns if str(name).lower() == "split"), None)
    if split or rest or column is None:
        return tables
    values = table[column].astype(str).str.strip().str.lower()
    unknown = sorted(set(values) - set(SPLITS))
    if unknown:
        raise TableError(
            f"The column {column!r} holds {unknown[0]!r}: write train, test or validation into "
            "each of its rows, or rename it."
        )
    found = values.map(SPLITS)
    return {name: rows.drop(columns=column) for name, rows in table.groupby(found)}


def _find(columns: Sequence[str], names: Sequence[str]) -> str | None:
    lower = {str(column).lower(): column for column in columns}
    return next((lower[name] for name in names if name in lower), None)


def _check_named(table: pd.DataFrame, variable: str, name: str) -> str:
    if name not in table:
        there = ", ".join(map(repr, table.columns))
        raise TableError(f"{variable}={name}: there is no such column; the columns are {there}.")
    return name


def _choose_text(table: pd.DataFrame, name: str | None, say: Say) -> str:
    if name is not None:
        return _check_named(table, "COURSE_TEXT", name)
    found = _find(table.columns, TEXT_NAMES)
    if found is None:
        lengths = {
            column: values.map(len).mean()
            for column in table.columns
            if len(values := table[column].dropna()) and values.map(type).eq(str).all()
        }
        if not lengths:
            raise TableError("There is no column of texts: write them into one named 'text'.")
        found = max(lengths, key=lengths.get)
    say(f"texts: the column {found!r}, guessed; COURSE_TEXT names another")
    return found


def _choose_label(table: pd.DataFrame, text: str, name: str | None, say: Say) -> str:
    if name is not None:
        return _check_named(table, "COURSE_LABEL", name)
    others = [column for column in table.columns if column != text]
    found = _find(others, LABEL_NAMES)
    if found is None:
        possible = [column for column in others if _may_be_label(table[column])]
        if len(possible) > 1:
            raise TableError(
                f"Which column holds the labels is not clear ({', '.join(map(repr, possible))}): "
                f"name it, as in COURSE_LABEL={possible[0]}."
            )
        if not possible:
            there = ", ".join(map(repr, table.columns))
            raise TableError(
                f"There is no column of labels among {there}: write one label into each row, in a "
                "column named 'label', or name yours in COURSE_LABEL."
            )
        (found,) = possible
    say(f"labels: the column {found!r}, guessed; COURSE_LABEL names another")
    return found


def _may_be_label(values: pd.Series) -> bool:
    found = values.dropna().astype(str)
    return 2 <= found.nunique() <= MOST_CLASSES and found.nunique() < len(found) / 2


def _label_names(values: pd.Series, column: str) -> pd.Series:
    if isinstance(values.dtype, pd.CategoricalDtype):
        return values
    if values.map(lambda value: isinstance(value, list | tuple | dict | np.ndarray)).any():
        raise TableError(
            f"A row has several labels in {column!r}, and the course's classifier gives each text "
            "one: keep one of them."
        )
    return values.map(_label_name)


def _label_name(value: object) -> str | None:
    if pd.isna(value):
        return None
    if isinstance(value, bool | np.bool_):
        return str(bool(value))
    text = str(value).strip()
    # A spreadsheet's 4 comes as 4.0.
    text = re.sub(r"^([-+]?\d+)\.0+$", r"\1", text)
    return None if HALF_CHARACTER.search(text) else text or None


def _leave_out(frame: pd.DataFrame, text: str, label: str, say: Say) -> pd.DataFrame:
    texts = frame["text"]
    empty = texts.isna() | texts.map(lambda value: isinstance(value, str) and not value.strip())
    frame = _say_left_out(frame, empty, f"no text in {text!r}", say)
    frame = _say_left_out(frame, frame["label"].isna(), f"no label in {label!r}", say)
    frame = _say_left_out(frame, ~frame["text"].map(_is_text), "something else than text", say)
    if not len(frame):
        raise TableError(
            f"No row has a text in {text!r} and a label in {label!r}: name other columns in "
            "COURSE_TEXT and COURSE_LABEL."
        )
    frame["key"] = [" ".join(text.casefold().split()) for text in frame["text"]]
    # Of the same text in two splits, the training split loses its own.
    order = frame["split"].map({"test": 0, "validation": 1}).fillna(2)
    frame = frame.iloc[np.argsort(order, kind="stable")]
    several = frame.groupby("key")["label"].transform("nunique") > 1
    frame = _say_left_out(frame, several, "the same text with different labels", say)
    repeated = frame["key"].duplicated()
    frame = _say_left_out(frame, repeated, "the text and label of another row", say)
    return frame.drop(columns="key").sort_index()


def _is_text(value: object) -> bool:
    # A letter of any script, or an emoji: not a number, a date, a list or half of an emoji.
    return (
        isinstance(value, str)
        and not HALF_CHARACTER.search(value)
        and any(character.isalpha() or character > "\u2190" for character in value)
    )


def _say_left_out(frame: pd.DataFrame, out: pd.Series, what: str, say: Say) -> pd.DataFrame:
    rows = frame.loc[out, "row"].tolist()
    if rows:
        which = _listed(rows, NAMED)
        say(f"left out, {what}: {len(rows):,} of the rows (below the header: {which})")
    return frame[~out]


def _listed(words: Sequence[str], most: int) -> str:
    more = f", and {len(words) - most:,} more" if len(words) > most else ""
    return ", ".join(words[:most]) + more


def _leave_out_rare(frame: pd.DataFrame, least: int, say: Say) -> pd.DataFrame:
    # A class is learned from train only, and of it validation takes its part.
    counts = frame[frame["split"] == "train"]["label"].value_counts()
    enough = counts[counts >= least].index
    out = ~frame["label"].isin(enough)
    rare = sorted(frame.loc[out, "label"].unique())
    what = f"a class with fewer than {least} rows to train on, {_listed(rare, NAMED)}"
    return _say_left_out(frame, out, what, say)


def _check_classes(counts: pd.Series, label: str) -> None:
    if len(counts) < 2:
        only = (
            f"only one class, {counts.index[0]!r}" if len(counts) else "no class with enough rows"
        )
        raise TableError(
            f"The column {label!r} has {only}: a classifier needs two or more; name another column "
            "in COURSE_LABEL if this is not that of the labels."
        )
    if len(counts) > MOST_CLASSES:
        most = _listed([f"{name!r} {count:,}" for name, count in counts.items()], NAMED)
        raise TableError(
            f"The column {label!r} has {len(counts):,} classes ({most}), and the course takes 2 to "
            f"{MOST_CLASSES}: merge the rare ones, or name another column in COURSE_LABEL."
        )


def _test_rows(frame: pd.DataFrame) -> np.ndarray:
    # The index of a random part of each class; at least one row, and two are left to train on.
    generator = np.random.default_rng(SEED)
    train = frame[frame["split"] == "train"]
    share = min(TEST_SHARE, LARGEST_TEST / len(train))
    chosen = []
    for _, rows in train.groupby("label"):
        size = min(max(1, round(share * len(rows))), len(rows) - LEAST_IN_CLASS + 1)
        chosen.append(generator.permutation(rows.index)[:size])
    return np.concatenate(chosen)


def _write(folder: Path, frame: pd.DataFrame, names: Sequence[str]) -> None:
    files = []
    for split in [
        name for name in ("train", "validation", "test") if (frame["split"] == name).any()
    ]:
        rows = frame[frame["split"] == split][["label", "text"]].astype({"label": "int64"})
        rows.to_parquet(folder / f"{split}.parquet", index=False)
        files.append({"split": split, "path": f"{split}.parquet"})
    classes = {str(number): name for number, name in enumerate(names)}
    features = [
        {"name": "label", "dtype": {"class_label": {"names": classes}}},
        {"name": "text", "dtype": "string"},
    ]
    config = {"config_name": "default"}
    about = {
        "configs": [config | {"default": True, "data_files": files}],
        "dataset_info": [config | {"features": features}],
    }
    head = yaml.safe_dump(about, allow_unicode=True, sort_keys=False)
    (folder / "README.md").write_text(f"---\n{head}---\n", encoding="utf-8")
