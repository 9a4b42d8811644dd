"""Train to the end with each recipe from the document's to the course's; write data/levers.json.

A few steps do not show what a lever costs in accuracy: every row is a whole training run on the
1,000 reviews, in float32, with the seed of notebook 07. Padding to 512 is left out: it is masked,
so that it changes no prediction (notebook 03), and takes most of an hour.
"""

import json
import sys
import tempfile
import time
from collections.abc import Sequence

import transformers
from datasets import load_dataset
from transformers import AutoTokenizer, Trainer

from benchmarks.measure import predict_labels, prepare_arguments, prepare_model
from benchmarks.recipes import Recipe, build_recipes
from benchmarks.speed import run_child
from course.environment.kernel import prepare_embedded_environment
from helpers.files import write_whole
from helpers.preprocess import tokenize
from helpers.sampling import TRAIN_SIZE, split_validation, take_sample
from helpers.sources import PROJECT, get_source

PATH = PROJECT / "data" / "levers.json"


def float32_recipes() -> list[Recipe]:
    """Return the recipes up to the course's, which train the same model on every machine."""
    recipes = build_recipes("float32")
    names = [recipe.name for recipe in recipes]
    return recipes[1 : names.index("frozen lower half") + 1]


def train(recipe: Recipe) -> dict[str, object]:
    """Train as notebook 07 does, except for the recipe's levers, with an evaluation each epoch.

    Returns:
        The recipe's name, the seconds of training with the evaluations, and the predicted label of
        each test review, in the order of the test split, as a string of digits.
    """
    source = get_source()
    tokenizer = AutoTokenizer.from_pretrained(source.model)
    dataset = load_dataset(source.dataset, cache_dir=source.cache_dir)
    tokenized = tokenize(dataset, tokenizer)
    splits = split_validation(tokenized["train"])
    with tempfile.TemporaryDirectory() as folder:
        arguments = prepare_arguments(recipe, folder)
        arguments.eval_strategy = transformers.trainer_utils.IntervalStrategy.EPOCH
        arguments.per_device_eval_batch_size = 32
        trainer = Trainer(
            model=prepare_model(recipe),
            args=arguments,
            train_dataset=take_sample(splits["train"], TRAIN_SIZE),
            eval_dataset=splits["validation"],
            processing_class=tokenizer,
        )
        start = time.perf_counter()
        trainer.train()
        seconds = time.perf_counter() - start
        labels = predict_labels(trainer.model, tokenized["test"], tokenizer, folder)
    predicted = "".join(map(str, labels))
    return {"name": recipe.name, "seconds": round(seconds, 1), "predicted": predicted}


def main(arguments: Sequence[str] = ()) -> int:
    """Train with every recipe, each in a process of its own, and write the results."""
    prepare_embedded_environment()
    rows = []
    for number, recipe in enumerate(float32_recipes()):
        print(f"  {recipe.name}", file=sys.stderr)
        rows.append(run_child("levers", str(number)))
    write_whole(PATH, json.dumps(rows, indent=1) + "\n")
    print(f"written: data/{PATH.name}, {len(rows)} rows")
    return 0


if __name__ == "__main__":
    # `run_child` starts this, for one recipe.
    transformers.logging.disable_progress_bar()
    print(json.dumps(train(float32_recipes()[int(sys.argv[1])])))
