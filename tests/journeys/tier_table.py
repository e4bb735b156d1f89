"""What each fault in each phase costs the listener, as docs/failover.md shows it; `scripts/outage_table` writes it."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from journeys import tier_outages, tier_services

__all__ = ["PAGE", "shown", "written"]

PAGE = Path(__file__).parents[2] / "docs" / "failover.md"

Table = Sequence[Sequence[str]]


def shown(page: str, kind: str) -> list[list[str]]:
    """The table of a page whose first column is headed so, the heading first. Raises ValueError where it has none."""
    lines = page[page.index(f"| {kind} |") :].partition("\n\n")[0].splitlines()
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return [rows[0], *rows[2:]]


def written(page: str, table: Table) -> str:
    """The page with this table in place of the one with the same first column."""
    begins = page.index(f"| {table[0][0]} |")
    rest = page[begins:].partition("\n\n")[2]
    rows = [table[0], ["---"] * len(table[0]), *table[1:]]
    lines = "\n".join(f"| {' | '.join(row)} |" for row in rows)
    return f"{page[:begins]}{lines}\n\n{rest}"


def main() -> None:
    """Hold every conversation and write what it took."""
    page = PAGE.read_text("utf-8")
    for cell in tier_outages.cells():
        tier_outages.outcome_of(cell)
    for broken in tier_services.cells():
        tier_services.outcome_of(broken)
    for table in (tier_outages.table(), tier_services.table()):
        sys.stdout.write(f"{tier_outages.told(table)}\n\n")
        page = written(page, table)
    PAGE.write_text(page, "utf-8")


if __name__ == "__main__":
    main()
