"""What is made is not changed afterwards, but for the few records that are filled in."""

import ast

from helpers.environment import PROJECT

FILLED_IN = {
    "course/canary/compare.py: ChangedCell",
    "course/doctor.py: Finding",
    "course/notebooks/execute.py: Execution",
    "course/publish/slide_cells.py: Slide",
    "helpers/finetune_arguments.py: FinetuneArguments",
    "helpers/local_hub.py: Faults",
    "helpers/local_hub.py: Repo",
}


def dataclasses() -> dict[str, str]:
    """Each dataclass of the course, and how it is decorated."""
    found = {}
    for folder in ("benchmarks", "course", "helpers"):
        for path in sorted((PROJECT / folder).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.ClassDef):
                    written = [ast.unparse(each) for each in node.decorator_list]
                    name = f"{path.relative_to(PROJECT).as_posix()}: {node.name}"
                    found.update((name, each) for each in written if each.startswith("dataclass"))
    return found


def test_a_dataclass_is_frozen_unless_it_is_filled_in():
    assert {name for name, text in dataclasses().items() if "frozen=True" not in text} == FILLED_IN
