"""Say at the end how many attempts there were, and how many held."""


def pytest_terminal_summary(terminalreporter) -> None:
    """Add up what the tests recorded; one that failed counts as lost in all its attempts."""
    counts = {
        outcome: sum(
            count
            for report in terminalreporter.getreports(outcome)
            for name, count in report.user_properties
            if name == "attempts"
        )
        for outcome in ("passed", "failed")
    }
    terminalreporter.write_line(f"{counts['passed']} of {sum(counts.values())} attempts held")
