"""A number that two notebooks share is the same number: one split, one sample, one test set."""

import ast
import re
from collections import defaultdict

import nbformat
import pytest

from course.notebooks.execute import find_notebooks
from helpers.sampling import VALIDATION_SIZE

# A score of a predictor with its confidence interval, as the notebooks print it.
SCORE = re.compile(
    r"^(majority class|median class|TF-IDF|fine-tuned BERT|one person|ceiling)\b[^\d\n]*?"
    r"(?:, 1,000 samples)?\s+(?:accuracy )?(\d\.\d{3})\s+\((\d\.\d{3}) to (\d\.\d{3})\)"
    r"(?!, n = (?!2000))",
    re.MULTILINE,
)
BERT = re.compile(
    r"accuracy (\d\.\d{3}) \(95 % [a-z ]*interval (\d\.\d{3}) to (\d\.\d{3}), n = 2000\)"
)


def code_cells(path) -> list[nbformat.NotebookNode]:
    return [c for c in nbformat.read(path, as_version=4).cells if c.cell_type == "code"]


def printed(path) -> str:
    return "\n".join(output.get("text", "") for c in code_cells(path) for output in c.outputs)


def test_a_predictor_has_one_score_and_one_interval_in_the_whole_course():
    found = defaultdict(lambda: defaultdict(set))
    for path in find_notebooks():
        for name, *numbers in SCORE.findall(printed(path)):
            found[name][tuple(numbers)].add(path.stem)
        for numbers in BERT.findall(printed(path)):
            found["fine-tuned BERT"][numbers].add(path.stem)
    assert {name: dict(scores) for name, scores in found.items() if len(scores) > 1} == {}
    shared = {name for name, scores in found.items() if len(set.union(*scores.values())) > 1}
    assert {"majority class", "TF-IDF", "fine-tuned BERT", "one person"} <= shared


@pytest.mark.parametrize("path", find_notebooks(), ids=lambda path: path.stem)
def test_every_validation_split_is_that_of_the_course(path):
    for cell in code_cells(path):
        for node in ast.walk(ast.parse(re.sub(r"^[%!].*$", "", cell.source, flags=re.M))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "split_validation":
                sizes = [ast.unparse(k.value) for k in node.keywords if k.arg == "size"]
                sizes += [ast.unparse(argument) for argument in node.args[1:2]]
                assert [int(size.replace("_", "")) for size in sizes] in ([], [VALIDATION_SIZE])
                assert [k for k in node.keywords if k.arg == "seed"] == []
