"""The matrix says at its end how many cells it asked, also when several processes asked them."""

from typing import Any

CELLS = "cells asked"


def pytest_terminal_summary(terminalreporter: Any) -> None:
    reports = terminalreporter.getreports("passed") + terminalreporter.getreports("failed")
    asked = [said for report in reports for name, said in getattr(report, "user_properties", ()) if name == CELLS]
    if asked:
        terminalreporter.write_line(f"{sum(asked)} cells of who may do what were asked")
