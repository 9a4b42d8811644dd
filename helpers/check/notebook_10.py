"""Check the exercises of notebook 10, create_and_share."""

from collections.abc import Iterator
from typing import NamedTuple
from unittest.mock import create_autospec

from helpers.check.answers import (
    Answer,
    Failure,
    Hint,
    Misconception,
    call,
    call_for_result,
    call_or_failure,
    exercise,
    not_as_asked,
)
from helpers.check.reviews import load_split

STARS_AS_LABELS = Misconception(
    "stars-as-labels",
    "你把星数直接当成了标签：星从 1 数起，标签从 0 数起，`label` 是 `stars - 1`。",
    "You took the stars as labels: stars are counted from 1 and labels from 0, so `label` is "
    "`stars - 1`.",
)
INTEGER_LABEL = Misconception(
    "integer-label",
    "你的 `label` 还是普通的整数，谁也不知道 0 是好是坏：用 `cast_column` 变成 `ClassLabel`。",
    "You left `label` an integer, of which nobody knows whether 0 is good or bad: make it a "
    "`ClassLabel` with `cast_column`.",
)
BEST_STARS_FIRST = Misconception(
    "best-stars-first",
    "你的名字和编号对反了，5 星成了 0：名字要从 `1 star` 排到 `5 stars`，编号才和星数同向。",
    "You have names and numbers the wrong way round, with 5 stars as 0: list the names from "
    "`1 star` to `5 stars`, so that the numbers grow with the stars.",
)
WHOLE_FILE_READ = Misconception(
    "whole-file-read",
    "你先把整个文件读完了，再大的文件也要全放进内存：逐行循环，读到一行就 `yield` 一行。",
    "You read the whole file first, which takes memory for all of it: loop over the lines, and "
    "`yield` each as it comes.",
)
LINE_ENDINGS_KEPT = Misconception(
    "line-endings-kept",
    "你把行尾的换行符也当成了评论的一部分：`yield` 之前先 `line.strip()`。",
    "You kept the line ending as a part of the review: `line.strip()` before you `yield`.",
)
TEXT_FOR_ROW = Misconception(
    "text-for-row",
    "你给出的是字符串，不是行：数据集的一行是字典，`yield {'text': ...}`。",
    "You gave strings in place of rows: a row of a dataset is a dict, `yield {'text': ...}`.",
)
MODEL_REPOSITORY = Misconception(
    "model-repository",
    "你没有说明仓库的种类，客户端会去找同名的模型：要写 `repo_type='dataset'`。",
    "You did not say what kind of repository it is, and the client looks for a model of that name: "
    "pass `repo_type='dataset'`.",
)
NEWEST_TAGGED = Misconception(
    "newest-tagged",
    "你没有说明是哪次提交，标签就打在最新的上面：要写 `revision=commit.oid`。",
    "You did not say which commit, so that the tag goes to the newest: pass `revision=commit.oid`.",
)
TITLE_FOR_COMMIT = Misconception(
    "title-for-commit",
    "你拿提交的说明当成了它的编号，而说明可以重复：`revision` 要的是 `commit.oid`。",
    "You took the commit's title for its id, and titles may repeat: `revision` takes `commit.oid`.",
)

STARS = ["1 star", "2 stars", "3 stars", "4 stars", "5 stars"]


class Commit(NamedTuple):
    """What `push_to_hub` tells of a commit, as far as an answer needs it."""

    oid: str
    commit_message: str


@exercise(
    "10-1",
    "label_stars(rows)",
    Hint(
        "星从 1 数起，标签从 0 数起：差 1。",
        "Stars are counted from 1 and labels from 0: they differ by 1.",
    ),
    Hint(
        "`map` 加上 `label` 这一列，`cast_column` 把它变成 `ClassLabel`。",
        "`map` adds the column `label`, and `cast_column` makes it a `ClassLabel`.",
    ),
    Hint(
        "`rows.map(lambda row: {'label': row['stars'] - 1})`，再 `cast_column('label', "
        "ClassLabel(names=names))`。",
        "`rows.map(lambda row: {'label': row['stars'] - 1})`, then `cast_column('label', "
        "ClassLabel(names=names))`.",
    ),
)
def _label_stars(answer: Answer) -> None:
    from datasets import ClassLabel, Dataset

    reviews = load_split("test")[:7]["text"]
    stars = [5, 1, 3, 2, 4, 4, 1]
    rows = Dataset.from_dict({"text": reviews, "stars": stars})
    found = call_or_failure(answer, rows)
    if isinstance(found, Failure) and "greater than configured num_classes" in str(found.error):
        raise STARS_AS_LABELS.error()
    labelled = call_for_result(answer, rows)
    if not isinstance(labelled, Dataset) or "label" not in labelled.column_names:
        raise not_as_asked(
            "应当返回一个有 `label` 这一列的 `Dataset`：用 `map` 加上它。",
            "A `Dataset` with a column `label` is asked for: add it with `map`.",
        )
    labels, feature = list(labelled["label"]), labelled.features["label"]
    if labels == stars:
        raise STARS_AS_LABELS.error()
    if not isinstance(feature, ClassLabel):
        raise INTEGER_LABEL.error()
    if feature.names == STARS[::-1] or labels == [5 - number for number in stars]:
        raise BEST_STARS_FIRST.error()
    if feature.names != STARS or labels != [number - 1 for number in stars]:
        raise not_as_asked(
            f"名字是 {feature.names}，标签是 {labels}：{stars} 星应当是 "
            f"{[number - 1 for number in stars]}，名字是 {STARS}。",
            f"The names are {feature.names} and the labels {labels}: for {stars} stars the labels "
            f"are {[number - 1 for number in stars]}, and the names {STARS}.",
        )


@exercise(
    "10-2",
    "read_reviews(lines)",
    Hint(
        "用 `for` 一行一行地读；不要先把所有的行收进列表。",
        "Read one line after another with `for`, and do not collect all lines in a list first.",
    ),
    Hint(
        "`line.strip()` 去掉两头的空白和换行；结果是空的，就跳过这一行。",
        "`line.strip()` removes white space and the line ending; if nothing is left, leave "
        "the line out.",
    ),
    Hint(
        "`if line.strip():`，然后 `yield {'text': line.strip()}`。",
        "`if line.strip():`, then `yield {'text': line.strip()}`.",
    ),
)
def _read_reviews(answer: Answer) -> None:
    """The lines are counted as they are read."""
    reviews = load_split("test")[:200]["text"]
    read = []

    def lines() -> Iterator[str]:
        for review in reviews:
            for line in (review, "  "):
                read.append(line)
                yield f"{line}\n"

    found = call(answer, lines())
    if not hasattr(found, "__next__"):
        if read:
            raise WHOLE_FILE_READ.error()
        raise not_as_asked(
            "应当是一个生成器：函数里用 `yield` 给出每一行。",
            "A generator is asked for: give each row with `yield` in the function.",
        )
    rows = [call(next, found) for _ in range(5)]
    # Behind the last of these rows there is an empty line, which is not needed yet.
    if len(read) >= 2 * len(rows):
        raise WHOLE_FILE_READ.error()
    if any(isinstance(row, str) for row in rows):
        raise TEXT_FOR_ROW.error()
    if any(str(row.get("text")).endswith("\n") for row in rows if isinstance(row, dict)):
        raise LINE_ENDINGS_KEPT.error()
    if rows != [{"text": review} for review in reviews[:5]]:
        raise not_as_asked(
            f"前几行是 {rows[:2]}：每行应当是 `{{'text': ...}}`，空行要跳过。",
            f"The first rows are {rows[:2]}: each should be `{{'text': ...}}`, and empty lines are "
            "left out.",
        )


@exercise(
    "10-3",
    "tag_version(api, repo_id, commit)",
    Hint(
        "标签要打在哪一次提交上？提交的编号是 `commit.oid`。",
        "Which commit is to be tagged? Its id is `commit.oid`.",
    ),
    Hint(
        "`api.create_tag` 默认看作模型的仓库，默认给最新的提交打标签：两样都要说清楚。",
        "By default `api.create_tag` means a repository of a model, and its newest commit: "
        "say otherwise for both.",
    ),
    Hint(
        "`api.create_tag(repo_id, tag='v2', revision=commit.oid, repo_type='dataset')`。",
        "`api.create_tag(repo_id, tag='v2', revision=commit.oid, repo_type='dataset')`.",
    ),
)
def _tag_version(answer: Answer) -> None:
    """A client that notes what it is asked to do, and asks no Hub."""
    from huggingface_hub import HfApi

    commit = Commit("0f5c1d3e9ab24680c7d1e2f3a4b5c6d7e8f90a1b", "Correct one label")
    repository = "learner/my-reviews"
    api = create_autospec(HfApi, instance=True)
    call(answer, api, repository, commit)
    if (calls := api.create_tag.call_count) != 1:
        raise not_as_asked(
            f"`api.create_tag` 调用了 {calls} 次，应当是 1 次：一次提交，一个标签。",
            f"`api.create_tag` was called {calls} times, and 1 is right: one commit, one tag.",
        )
    (given, *_), options = api.create_tag.call_args.args or (None,), api.create_tag.call_args.kwargs
    if options.get("repo_type") != "dataset":
        raise MODEL_REPOSITORY.error()
    if options.get("revision") in (None, "main"):
        raise NEWEST_TAGGED.error()
    if options["revision"] == commit.commit_message:
        raise TITLE_FOR_COMMIT.error()
    asked = (options.get("repo_id", given), options["tag"], options["revision"])
    if asked != (repository, "v2", commit.oid):
        raise not_as_asked(
            f"标签打成了 {asked}，应当是 {(repository, 'v2', commit.oid)}。",
            f"The tag asked for is {asked}, and {(repository, 'v2', commit.oid)} is right.",
        )
