"""A training run whose weights are no longer numbers is stopped before it is saved."""

import pytest
import torch
from transformers import TrainerControl, TrainerState

from helpers.divergence import DivergedError, StopOnDivergence

FINITE, NAN, INFINITE = 1.0, float("nan"), float("inf")


def report(weight: float, event: str, **control: bool) -> None:
    model = torch.nn.Linear(2, 1)
    with torch.no_grad():
        model.weight[0, 0] = weight
    state = TrainerState(global_step=7)
    getattr(StopOnDivergence(), event)(None, state, TrainerControl(**control), model=model)


@pytest.mark.parametrize("weight", [NAN, INFINITE])
@pytest.mark.parametrize("control", ["should_save", "should_evaluate", "should_log"])
def test_it_stops_before_anything_is_made_of_the_weights(weight, control):
    with pytest.raises(DivergedError, match=r"the weights after step 7 are not finite numbers"):
        report(weight, "on_step_end", **{control: True})


def test_it_stops_at_the_end_of_an_epoch():
    with pytest.raises(DivergedError):
        report(NAN, "on_epoch_end")


def test_finite_weights_go_on():
    report(FINITE, "on_step_end", should_save=True)
    report(FINITE, "on_epoch_end")
