"""Stop a training run that has diverged, before a checkpoint of it replaces a good one."""

import torch
from transformers import PreTrainedModel, TrainerCallback, TrainerControl, TrainerState


class DivergedError(Exception):
    """The numbers of a training run are no longer finite; the message says what to do."""

    def __init__(self, what: str, when: str) -> None:
        """Store the sentence."""
        super().__init__(
            f"The training run diverged: {what} {when} are not finite numbers. "
            "Start again with a lower --learning_rate."
        )


class StopOnDivergence(TrainerCallback):
    """Checks the weights before they are logged, evaluated or saved.

    `Trainer` goes on with weights that are not numbers, and leaves such losses out of its log.
    """

    def on_step_end(self, _, state: TrainerState, control: TrainerControl, **given) -> None:
        """Check after the steps that are reported; every step would cost time."""
        if control.should_log or control.should_evaluate or control.should_save:
            _check_weights(given["model"], state)

    def on_epoch_end(self, _, state: TrainerState, control: TrainerControl, **given) -> None:
        """Check at the end of every epoch."""
        _check_weights(given["model"], state)


def _check_weights(model: PreTrainedModel, state: TrainerState) -> None:
    trained = (weights for weights in model.parameters() if weights.requires_grad)
    if not all(torch.isfinite(weights).all() for weights in trained):
        raise DivergedError("the weights", f"after step {state.global_step}")
