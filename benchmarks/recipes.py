"""The document's recipe, and the levers that make it fast, added one at a time."""

from dataclasses import dataclass, field, replace

import torch

from helpers.precision import fast_precision
from helpers.sources import get_source
from helpers.training import RECIPE

EPOCHS = 3
# The document evaluates on this many rows after each epoch.
EVALUATION_SIZE = 1_000
FROZEN_LAYERS = 3
MORE_FROZEN_LAYERS = 4
LARGER_BATCH = 32
# Enough to estimate a whole training run.
TIMED_STEPS = 24
# The dropout in the configuration of the weights.
DROPOUT = 0.1


@dataclass(frozen=True)
class Recipe:
    """One way to train.

    Attributes:
        name: what the table calls it.
        timed_steps: how many steps are timed; None is the whole training run.
        padding: `max_length`, each text to the model's limit, or `longest`, each batch to its own.
        dropout: the share of activations that is dropped in training.
        frozen_layers: how many layers are frozen besides the embeddings; None freezes nothing.
        computed_once: whether what is frozen is computed once for each text.
        remembered_precision: of what is computed once. In bfloat16 every later addition and layer
            norm is in it too, so that nothing has to be converted between them.
        first_token_only: whether the last layer is computed only for the token that the head reads.
        precision: `float32`, `bfloat16` or `float16`.
        attention: the implementation of attention: fused (`sdpa`), or step by step (`eager`).
        sort_for_evaluation: whether texts of similar length are evaluated together.
        fixed_batches: whether the training texts are sorted by length and cut into batches once,
            which are the same, in the same random order, in every epoch.
        arguments: the training arguments that differ from the defaults.
    """

    name: str
    timed_steps: int | None = None
    padding: str = "longest"
    dropout: float = DROPOUT
    frozen_layers: int | None = None
    computed_once: bool = False
    remembered_precision: str = "float32"
    first_token_only: bool = False
    precision: str = "float32"
    attention: str = "sdpa"
    sort_for_evaluation: bool = False
    fixed_batches: bool = False
    arguments: dict[str, object] = field(default_factory=dict)


def build_recipes(precision: str | None = None) -> list[Recipe]:
    """Return the document's recipe, and then each with one lever more than the one before.

    Args:
        precision: the precision of the faster recipes; None is the fastest on this machine.
    """
    recipes = [Recipe("document: pad to 512", timed_steps=4, padding="max_length")]

    def add(name: str, timed_steps: int | None, arguments: dict | None = None, **changes) -> None:
        last = recipes[-1]
        combined = last.arguments | (arguments or {})
        changed = replace(last, name=name, timed_steps=timed_steps, arguments=combined, **changes)
        recipes.append(changed)

    add("pad to the batch", None, padding="longest")
    grouping = {"train_sampling_strategy": "group_by_length"}
    add("group by length", TIMED_STEPS, grouping, sort_for_evaluation=True)
    course = ("per_device_train_batch_size", "warmup_steps")
    batch = {name: RECIPE[name] for name in course} | {"per_device_eval_batch_size": 64}
    batch["learning_rate"] = get_source().learning_rate
    add("batches of 16, larger learning rate", TIMED_STEPS, batch)
    add("no dropout", TIMED_STEPS, dropout=0.0)
    precision = precision or fast_precision()
    if precision != "float32":
        add(precision, None, precision=precision)
    if precision == "bfloat16" and not torch.cuda.is_available():
        # In bfloat16 on a CPU, PyTorch's fused attention is slower with heads this narrow.
        add("attention written out (eager)", TIMED_STEPS, attention="eager")
    add("frozen embeddings", TIMED_STEPS, frozen_layers=0)
    add("frozen lower half", TIMED_STEPS, frozen_layers=FROZEN_LAYERS)
    add(f"batches of {LARGER_BATCH}", None, {"per_device_train_batch_size": LARGER_BATCH})
    if not torch.cuda.is_available():
        # What is computed once is remembered in the memory of the CPU.
        add("frozen lower half computed once", None, computed_once=True)
    add("last layer for the first token only", None, first_token_only=True)
    if recipes[-1].computed_once and precision == "bfloat16":
        add("remembered in bfloat16", None, remembered_precision=precision)
    # Fewer layers want larger steps. Both were chosen on reviews that `bench` does not read.
    larger_rate = {"learning_rate": 2 * batch["learning_rate"]}
    frozen = f"{MORE_FROZEN_LAYERS} layers frozen, twice the learning rate"
    add(frozen, None, larger_rate, frozen_layers=MORE_FROZEN_LAYERS)
    # `group_by_length` sorts a part of the texts at a time, anew in every epoch.
    in_order = {"train_sampling_strategy": "sequential"}
    add("all texts sorted into fixed batches", None, in_order, fixed_batches=True)
    return recipes


def fastest_recipe() -> Recipe:
    """Return the recipe with all levers, on this machine."""
    return build_recipes()[-1]
