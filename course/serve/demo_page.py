"""The page of `python -m course demo`: a text in, the probability of each level out."""

import gradio
from transformers import PreTrainedModel, PreTrainedTokenizerFast

from helpers.sampling import TRAIN_SIZE
from helpers.scoring import EXAMPLES, score
from helpers.sources import Source

TITLE = "How does this review sound?"
INTRODUCTION = (
    "Type a sentence from a review in English. The model that notebook 07 fine-tunes gives each "
    "level a probability while you type."
)
LIMITS = (
    f"**What it is.** A small BERT, fine-tuned on {TRAIN_SIZE:,} reviews in English for a course. "
    "Notebook 07 measures how often it is right, notebook 08 what it gets wrong and how far its "
    "probabilities can be trusted. What you type stays on this machine and is not kept.\n\n"
    "**What it is not fit for.** Other languages, other kinds of text, irony, and every decision "
    "about a person or based on a person's words: it was never tested for those."
)
OWN_TITLE = "Which label does this text get?"
OWN_INTRODUCTION = (
    "Type a text like those of your data. The model that notebook 07 fine-tunes on them gives each "
    "label a probability while you type."
)
OWN_LIMITS = (
    "**What it is.** A BERT, fine-tuned on data of your own. Run on them, notebook 07 measures how "
    "often it is right, notebook 08 what it gets wrong and how far its probabilities can be "
    "trusted. What you type stays on this machine and is not kept.\n\n"
    "**What it is not fit for.** Texts of another kind or language than yours, and every decision "
    "about a person or based on a person's words: it was never tested for those."
)


def build_page(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerFast, source: Source
) -> gradio.Blocks:
    """Return the page; its one call is `/score`.

    Args:
        model: a classifier, in evaluation mode, on the CPU.
        tokenizer: the model's tokenizer.
        source: what the model was fine-tuned on.
    """
    own = source.name == "own"
    title, introduction, limits, label = (
        (OWN_TITLE, OWN_INTRODUCTION, OWN_LIMITS, "label")
        if own
        else (TITLE, INTRODUCTION, LIMITS, "level")
    )

    def answer(text: str) -> tuple[dict[str, float], str]:
        """Score one text: return the probability of each level, and remarks on the text."""
        try:
            prediction = score(model, tokenizer, text)
        except (TypeError, ValueError) as error:
            return {}, str(error)
        return prediction.probabilities, prediction.remarks

    with gradio.Blocks(title=title, analytics_enabled=False) as page:
        gradio.Markdown(f"# {title}\n\n{introduction}")
        text = gradio.Textbox(label="Text", lines=4, autofocus=True)
        levels = gradio.Label(label=f"Probability of each {label}")
        remarks = gradio.Markdown()
        if not own:
            gradio.Examples(EXAMPLES, text, cache_examples=False)
        gradio.Markdown(limits)
        text.change(
            answer,
            text,
            [levels, remarks],
            api_name="score",
            # The queue would answer on a second connection, which takes longer than the model.
            queue=False,
            trigger_mode="always_last",
            show_progress="hidden",
        )
    return page
