"""How `voiceloop doctor` looks: sections as they are known, and on a terminal what is still being asked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from rich.console import Console
from rich.status import Status
from rich.text import Text

from voiceloop.commandline.doctor_report import CALLED, Chosen, Finding, Report, State, TierFound
from voiceloop.commandline.terminal import OpenConsole

__all__ = ["Page", "Progress"]

STYLES: Final = {
    State.OK: "green",
    State.DEGRADED: "yellow",
    State.SKIPPED: "dim",
    State.NOT_OFFERED: "yellow",
    State.REFUSED: "red",
    State.FAILED: "red",
}
MARK: Final = 2 + max(map(len, State)) + 2
"""Columns before what is told of a finding."""


class Progress:
    """Tells on a terminal what is waited for; elsewhere nothing. Must be hidden before anything else is printed."""

    def __init__(self) -> None:
        self._console = Console(stderr=True)
        self._status: Status | None = None

    def show(self, text: str) -> None:
        """Say what is waited for."""
        self.hide()
        if self._console.is_terminal:
            self._status = self._console.status(text)
            self._status.start()

    def hide(self) -> None:
        """Leave no trace. Idempotent."""
        status, self._status = self._status, None
        if status is not None:
            status.stop()


class Page:
    """Prints a report in sections. On a terminal long lines are broken under their beginning."""

    def __init__(self, *, quiet: bool) -> None:
        """A quiet page stays empty."""
        self._console = OpenConsole(highlight=False, soft_wrap=True, quiet=quiet)
        self._first = True

    def section(self, title: str, findings: Sequence[Finding]) -> None:
        """Print what was found of one thing."""
        self._title(title)
        for found in findings:
            mark = f"  {found.state}".ljust(MARK)
            self._line((mark, STYLES[found.state]), f"{found.what}: {found.detail}")
            if found.fix:
                self._line((" " * MARK, ""), f"fix: {found.fix}")

    def models(self, models: Sequence[Chosen]) -> None:
        """Print which model takes which role; nothing where any model does."""
        if models:
            self._title("Models")
        for each in models:
            self._line((f"  {each.role}".ljust(MARK + 2), ""), f"{each.model or 'none'}: {each.why}")

    def tier(self, tier: TierFound) -> None:
        """Print how a tier stands."""
        name = CALLED[tier.tier]
        self.section(name[0].upper() + name[1:] + (f", {tier.model}" * bool(tier.model)), tier.checks)

    def end(self, report: Report) -> None:
        """Print what follows."""
        self._title("What will happen")
        for step in report.steps:
            self._line(("  ", ""), step.text)
        for warned in report.warnings:
            self._line(("  warning: ", "yellow"), warned.text)

    def _title(self, title: str) -> None:
        if not self._first:
            self._console.print()
        self._first = False
        self._console.print(Text(title, "bold"))

    def _line(self, begin: tuple[str, str], text: str) -> None:
        room = self._console.width - len(begin[0])
        parts = Text(text).wrap(self._console, room) if self._console.is_terminal and room > MARK else [Text(text)]
        for number, part in enumerate(parts):
            head = begin if number == 0 else (" " * len(begin[0]), "")
            part.rstrip()
            self._console.print(Text.assemble(head, part))
