"""The visitor notices what it is there to notice."""

from visitor import Visitor


def test_a_script_from_elsewhere_is_noticed_and_does_not_come(chromium):
    visitor = Visitor(chromium)
    visitor.page.set_content("<script src='https://cdn.example/a.js'></script>")
    visitor.context.close()
    assert visitor.outside == ["https://cdn.example/a.js"]
    assert "ERR_NAME_NOT_RESOLVED" in visitor.errors[0]


def test_a_script_that_breaks_is_noticed(chromium):
    visitor = Visitor(chromium)
    visitor.page.set_content("<script>console.error('spoken'); missing()</script>")
    visitor.context.close()
    assert visitor.errors == ["spoken", "missing is not defined"]


def test_a_page_that_another_opens_is_watched_too(chromium):
    visitor = Visitor(chromium)
    visitor.page.set_content("<button onclick='window.open()'>Open</button>")
    with visitor.page.expect_popup() as opened:
        visitor.page.get_by_role("button").click()
    opened.value.set_content("<script>missing()</script>")
    visitor.context.close()
    assert visitor.errors == ["missing is not defined"]
