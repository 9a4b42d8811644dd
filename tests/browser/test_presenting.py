"""The slides, opened from the disk and turned by keys."""

import pytest
from playwright.sync_api import expect
from support.notebooks import in_each_language

DECK = "07_finetune_bert"
# A heading with a table below it, and the word before the questions that the speaker asks.
UNLABELLED = {"zh": ("没有标签的行", "提问："), "en": ("Rows without a label", "Ask:")}


@pytest.fixture
def deck(built_slides, visitor, language):
    """A deck that is open at its first slide."""
    visitor.page.goto((built_slides / language / f"{DECK}.html").as_uri())
    expect(visitor.page.locator(".reveal.ready, .reveal .present").first).to_be_visible()
    return visitor.page


def on_the_screen(page):
    """The slide that is shown."""
    return page.locator(".slides > section.present > section.present")


@in_each_language
def test_the_space_bar_turns_every_slide_to_the_last(deck, language):
    total = deck.evaluate("Reveal.getTotalSlides()")
    seen = []
    for _ in range(20 * total):
        number = deck.evaluate("Reveal.getSlidePastCount()")
        if number not in seen:
            seen.append(number)
        if deck.evaluate("Reveal.isLastSlide() && !Reveal.availableFragments().next"):
            break
        deck.keyboard.press("Space")
    assert seen == list(range(total))


@in_each_language
def test_the_result_comes_after_its_code(deck, language):
    deck.evaluate("Reveal.slide(1, 1)")
    slide = on_the_screen(deck)
    result = slide.get_by_text("BertForSequenceClassification", exact=True)
    expect(slide.get_by_text("from_pretrained")).to_be_visible()
    expect(result).not_to_be_visible()
    deck.keyboard.press("Space")
    expect(result).to_be_visible()


@pytest.mark.parametrize("language", ["en"])
def test_a_slide_without_a_heading_says_where_it_is(deck, language):
    deck.evaluate("Reveal.slide(2, 2)")
    expect(on_the_screen(deck).get_by_role("heading")).to_have_count(0)
    expect(deck.locator(".place")).to_have_text("Freeze the lowest layers · 07 Fine-tuning BERT")


@pytest.mark.parametrize("language", ["en"])
def test_a_phone_shows_a_slide_over_its_whole_height(deck, language):
    deck.set_viewport_size({"width": 390, "height": 844})
    deck.wait_for_function("document.querySelector('.slides').getBoundingClientRect().height > 750")


@in_each_language
def test_every_slide_of_every_deck_fits_the_screen(built_slides, visitor, language):
    """Nobody scrolls on a projector, and nothing is cut off at the right."""
    too_large = []
    for path in sorted((built_slides / language).glob("*.html")):
        visitor.page.goto(path.as_uri())
        visitor.page.wait_for_function("Reveal.isReady()")
        found = visitor.page.evaluate(
            """() => [...document.querySelectorAll('.slides > section > section')].filter(
                (slide) => {
                    const {h, v} = Reveal.getIndices(slide);
                    Reveal.slide(h, v, 99);
                    // An output scrolls inside itself, and the slide does not grow with it.
                    return [slide, ...slide.querySelectorAll('.jp-OutputArea')].some((box) =>
                        box.scrollHeight > box.clientHeight + 1
                        || box.scrollWidth > box.clientWidth + 1);
                }).map((slide) => slide.textContent.trim().slice(0, 60))"""
        )
        too_large += [f"{path.stem}: {text}" for text in found]
    assert too_large == []


@pytest.mark.parametrize("language", ["en"])
def test_a_plot_fits_its_slide(deck, language):
    deck.evaluate(
        """() => {
            const plot = document.querySelector('.slides img');
            const {h, v} = Reveal.getIndices(plot.closest('section'));
            Reveal.slide(h, v, 99);
        }"""
    )
    expect(on_the_screen(deck).get_by_role("img")).to_be_in_viewport(ratio=1)


@in_each_language
def test_a_slide_has_its_table_and_the_notes_the_question_to_ask(built_slides, visitor, language):
    heading, asks = UNLABELLED[language]
    deck = visitor.page
    deck.goto((built_slides / language / "02_random_display.html").as_uri())
    deck.evaluate(
        """(text) => {
            const heading = [...document.querySelectorAll('h3')].find(
                (one) => one.textContent.startsWith(text));
            const {h, v} = Reveal.getIndices(heading.closest('section'));
            Reveal.slide(h, v, 99);
        }""",
        heading,
    )
    expect(on_the_screen(deck).get_by_role("table")).to_be_in_viewport(ratio=1)
    # What comes step by step fades in.
    for fragment in on_the_screen(deck).locator(".fragment").all():
        expect(fragment).to_have_css("opacity", "1")
    visitor.keep_picture("slides", language)
    with deck.expect_popup() as opened:
        deck.keyboard.press("s")
    notes = opened.value
    current = on_the_screen(notes.frame_locator("#current-slide iframe"))
    expect(current).to_contain_text(heading)
    upcoming = on_the_screen(notes.frame_locator("#upcoming-slide iframe"))
    expect(upcoming).to_be_visible()
    expect(notes.locator(".speaker-controls-notes")).to_contain_text(asks)
    expect(notes.get_by_text("Time to finish current slide")).to_be_visible()
    visitor.keep_picture("slides_notes", language, notes)
