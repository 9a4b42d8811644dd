"""A box to type a text into, which shows the probability of each level at every change."""

from html import escape
from typing import Any

import ipywidgets as widgets
from transformers import PreTrainedModel, PreTrainedTokenizerFast

from helpers.plots import COLOURS
from helpers.scoring import Prediction, score


def scoring_box(model: PreTrainedModel, tokenizer: PreTrainedTokenizerFast) -> widgets.VBox:
    """Return a box that scores what is typed into it.

    Args:
        model: a classifier, in evaluation mode, on the CPU.
        tokenizer: the model's tokenizer.

    Returns:
        A text area above the answer, which a notebook displays at the end of a cell.
    """
    text = widgets.Textarea(
        placeholder="Type a sentence from a review",
        description="Text",
        rows=4,
        layout=widgets.Layout(width="36em"),
    )
    answer = widgets.HTML()

    def show_answer(change: dict[str, Any]) -> None:
        try:
            answer.value = prediction_table(score(model, tokenizer, change["new"]))
        except ValueError as error:
            answer.value = f"<p>{escape(str(error))}</p>"

    text.observe(show_answer, names="value")
    show_answer({"new": text.value})
    return widgets.VBox([text, answer])


def prediction_table(prediction: Prediction) -> str:
    """Return a prediction as an HTML table, with a bar next to each number.

    The text itself is not in it, and the names of the labels are escaped.
    """
    rows = [
        f'<tr><th scope="row" style="text-align: left">{escape(name)}</th>'
        f'<td style="text-align: right">{probability:.1%}</td>'
        # Hidden from screen readers: the number says the same.
        f'<td aria-hidden="true"><div style="width: {12 * probability:.2f}em; height: 0.8em; '
        f'background: {COLOURS[0]}"></div></td></tr>'
        for name, probability in prediction.probabilities.items()
    ]
    head = '<tr><th scope="col">level</th><th scope="col">probability</th><td></td></tr>'
    table = f"<table><thead>{head}</thead><tbody>{''.join(rows)}</tbody></table>"
    return table + (f"<p>{escape(prediction.remarks)}</p>" if prediction.remarks else "")
