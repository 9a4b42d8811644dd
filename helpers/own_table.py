"""Read a table that somebody else made: CSV, TSV, JSON, Parquet, Excel, or a folder of them.

The files are only read. Whatever is wrong with one is a sentence that names the file and the line.
"""

import csv
import io
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pandas as pd

SPLITS = {
    "train": "train",
    "training": "train",
    "test": "test",
    "testing": "test",
    "validation": "validation",
    "valid": "validation",
    "val": "validation",
    "dev": "validation",
}
SEPARATORS = ",\t;|"
# An Excel file with a password, and one of before 2007, begin with these bytes.
COMPOUND_FILE = b"\xd0\xcf\x11\xe0"
# No name of a column is longer.
LONGEST_NAME = 60


class TableError(Exception):
    """A table cannot be read; the message says why, and what to do."""


Say = Callable[[str], None]


def read_tables(path: Path, say: Say) -> dict[str, pd.DataFrame]:
    """Read a file, or all files of a folder.

    Args:
        path: the file or the folder.
        say: takes each sentence about what was guessed.

    Returns:
        A table for each split that the names of files give, such as `test.csv`; else a single one
        named `""`. Numbers of classes that a file names are replaced by their names.

    Raises:
        TableError: if a file cannot be read, or there is none.
    """
    if path.is_file():
        return {"": _read_file(path, say)}
    files = find_files(path)
    if not files:
        raise TableError(
            f"The folder {path.name} holds no table: the course reads {', '.join(READERS)}."
        )
    parts: dict[str, list[Path]] = {}
    for file in files:
        parts.setdefault(_split_of(file.relative_to(path)), []).append(file)
    if len(parts) > 1 and (others := parts.pop("", [])):
        # Such as a list of the labels beside train.csv and test.csv.
        names = ", ".join(file.name for file in others)
        say(f"not read, because their names say no split: {names}")
    return {
        split: pd.concat([_read_file(file, say) for file in found], ignore_index=True)
        for split, found in parts.items()
    }


def find_files(path: Path) -> list[Path]:
    """Return the files that are read: the file itself, or those of a folder, hidden ones left out.

    Args:
        path: a file or a folder.
    """
    return [path] if path.is_file() else list(_tables_below(path))


def _tables_below(folder: Path) -> Iterator[Path]:
    for file in sorted(folder.rglob("*")):
        hidden = any(part.startswith((".", "~")) for part in file.relative_to(folder).parts)
        if file.is_file() and file.suffix.lower() in READERS and not hidden:
            yield file


def _split_of(path: Path) -> str:
    words = re.findall(r"[a-z]+", str(path.with_suffix("")).lower())
    return next((SPLITS[word] for word in words if word in SPLITS), "")


def _read_file(path: Path, say: Say) -> pd.DataFrame:
    reader = READERS.get(path.suffix.lower())
    if reader is None:
        kind = f"a file of the kind {path.suffix}" if path.suffix else "a file without a suffix"
        raise TableError(
            f"{path.name} is {kind}, and the course reads {', '.join(READERS)}: save it as one."
        )
    try:
        table = reader(path, say)
    except OSError as error:
        raise TableError(f"{path.name} cannot be read: {error.strerror or error}.") from error
    table.columns = [str(name).strip() for name in table.columns]
    twice = table.columns[table.columns.duplicated()]
    if len(twice):
        raise TableError(f"{path.name} has two columns {twice[0]!r}: rename or remove one of them.")
    if not len(table):
        raise TableError(f"{path.name} has 0 rows: put one text and its label into each row.")
    return table


def _read_text(path: Path, say: Say) -> str:
    content = path.read_bytes()
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        encoding = "utf-16"
    elif b"\0" in content[:65_536] or content.startswith(b"PK\x03\x04"):
        raise TableError(f"{path.name} holds no text: give it the suffix of what it is.")
    else:
        encoding = "utf-8-sig"
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        text = _decode_chinese(content)
        if text is None:
            line = content.count(b"\n", 0, error.start) + 1
            raise TableError(
                f"Line {line} of {path.name} is neither UTF-8 nor GB18030: save the file as UTF-8."
            ) from error
        say(f"{path.name} is not UTF-8; it was read as GB18030")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _decode_chinese(content: bytes) -> str | None:
    try:
        text = content.decode("gb18030")
    except UnicodeDecodeError:
        return None
    # Western European letters in another encoding would become characters that nobody writes.
    foreign = [character for character in text if character > "\x7f"]
    common = "".join(foreign).encode("gb2312", errors="ignore").decode("gb2312")
    return text if len(common) > 0.9 * len(foreign) else None


def _read_separated(path: Path, say: Say) -> pd.DataFrame:
    text = _read_text(path, say)
    head = text.lstrip("\n").partition("\n")[0]
    separator = "\t" if path.suffix.lower() == ".tsv" else max(SEPARATORS, key=head.count)
    csv.field_size_limit(max(csv.field_size_limit(), len(text) + 1))
    lines = csv.reader(io.StringIO(text), delimiter=separator, strict=True)
    rows, header, end = [], None, 0
    try:
        for row in lines:
            begin, end = end + 1, lines.line_num
            if not row:
                continue
            if header is None:
                header = row
                _check_header(path, header)
            elif len(row) != len(header):
                raise TableError(
                    f"Line {begin} of {path.name} has {len(row)} fields, and the header has "
                    f"{len(header)}: put each text that holds a {_shown(separator)} or a line "
                    "break into double quotes, or save the table as .xlsx or .jsonl."
                )
            else:
                rows.append(row)
    except csv.Error as error:
        raise TableError(
            f'Line {end + 1} of {path.name} begins a field with a double quote (") that does not '
            f'end where the field does ({error}): write "" for each such sign within a text.'
        ) from error
    return pd.DataFrame(rows, columns=header or [], dtype=object)


def _shown(separator: str) -> str:
    return "tab" if separator == "\t" else f"'{separator}'"


def _check_header(path: Path, header: list[str]) -> None:
    # pandas writes its index under an empty name, which stands first.
    odd = [name for name in header[1:] if not name.strip()]
    odd += [name for name in header if len(name) > LONGEST_NAME or _is_number(name)]
    if odd:
        raise TableError(
            f"The first line of {path.name} seems to be a row, for it has the field "
            f"{odd[0][:20]!r}: put a line with the names of the columns above it, such as "
            "text,label."
        )


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _read_json(path: Path, say: Say) -> pd.DataFrame:
    text = _read_text(path, say)
    try:
        rows = json.loads(text)
    except (ValueError, RecursionError):
        rows = [_read_line(path, *line) for line in enumerate(text.split("\n"), 1)]
        rows = [row for row in rows if row is not None]
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise TableError(
            f'{path.name} is no list of rows: write each as {{"text": "…", "label": "…"}}, '
            "one to a line."
        )
    return pd.DataFrame(rows, dtype=object)


def _read_line(path: Path, number: int, line: str) -> object:
    try:
        return json.loads(line) if line.strip() else None
    except (ValueError, RecursionError) as error:
        raise TableError(f"Line {number} of {path.name} is no JSON: {error}.") from error


def _read_parquet(path: Path, say: Say) -> pd.DataFrame:
    import pyarrow
    import pyarrow.parquet

    try:
        table = pyarrow.parquet.read_table(path)
    except (pyarrow.ArrowException, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise TableError(f"{path.name} is no complete Parquet file: {reason}.") from error
    # What pandas has noted besides would make its index of one column, and leave it out.
    frame = table.to_pandas(ignore_metadata=True)
    # What `datasets` writes beside the rows.
    about = json.loads((table.schema.metadata or {}).get(b"huggingface", b"{}"))
    for name, feature in about.get("info", {}).get("features", {}).items():
        is_label = isinstance(feature, dict) and feature.get("_type") == "ClassLabel"
        if is_label and name in frame:
            frame[name] = name_classes(frame[name], feature["names"])
    return frame


def name_classes(numbers: pd.Series, names: list[str]) -> pd.Series:
    """Replace numbers of classes by their names, in the order of the classes.

    Args:
        numbers: numbers of classes; -1 and a missing one stand for no label.
        names: the name of each class.

    Returns:
        A categorical series, whose categories are the names.
    """
    codes = numbers.fillna(-1).astype(int)
    return pd.Series(pd.Categorical.from_codes(codes, names, ordered=True), index=numbers.index)


def _read_excel(path: Path, say: Say) -> pd.DataFrame:
    with path.open("rb") as file:
        if file.read(4) == COMPOUND_FILE:
            raise TableError(
                f"{path.name} has a password, or is of a kind from before 2007: open it, and save "
                "it without a password as .xlsx."
            )
    try:
        # pandas would rename the second of two columns with one name, and take NA for no label.
        sheets = pd.read_excel(
            path, sheet_name=None, header=None, dtype=object, keep_default_na=False
        )
    except ImportError as error:
        raise TableError(
            "Reading .xlsx needs openpyxl: run 'python -m course setup', or save the table as .csv."
        ) from error
    except Exception as error:
        # Each part of a damaged file has an error of its own.
        raise TableError(f"{path.name} is no complete Excel file: {error}.") from error
    name, table = next(iter(sheets.items()))
    if len(sheets) > 1:
        say(f"{path.name} has {len(sheets)} sheets; the first was read, {name!r}")
    filled = table != ""
    # Empty rows may stand above the header, and empty columns anywhere.
    table = table.loc[filled.any(axis="columns").cummax(), filled.any()]
    header = [str(field) for field in table[:1].to_numpy().ravel()]
    _check_header(path, header)
    return table[1:].set_axis(header, axis="columns").reset_index(drop=True)


READERS = {
    ".csv": _read_separated,
    ".tsv": _read_separated,
    ".jsonl": _read_json,
    ".json": _read_json,
    ".parquet": _read_parquet,
    ".xlsx": _read_excel,
}
