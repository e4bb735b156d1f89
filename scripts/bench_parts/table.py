"""Tables for people."""

# ruff: noqa: D102 - the names say it
from __future__ import annotations

from rich import box
from rich.console import Console
from rich.table import Table as RichTable

console = Console()
if not console.is_terminal:
    console.width = 130  # a file has room


class Table:
    """A table of short cells; the first column names the row."""

    def __init__(self, title: str, columns: list[str]) -> None:
        self._table = RichTable(title=title, title_justify="left", box=box.SIMPLE_HEAD)
        for number, column in enumerate(columns):
            self._table.add_column(column, justify="left" if number == 0 else "right", no_wrap=number == 0)

    def row(self, *cells: str) -> None:
        self._table.add_row(*cells)

    def print(self) -> None:
        console.print(self._table)
