from __future__ import annotations

import io

from rich.console import Console

from voiceloop.commandline.doctor_page import Page, Progress
from voiceloop.commandline.doctor_report import Chosen, Finding, Report, State, TierFound
from voiceloop.vocabulary import Tier

LONG = Finding(
    "session", State.FAILED, "the server is in trouble (HTTP 500): boom", "try again later, or ask its owner"
)


def test_long_lines_go_on_under_their_beginning():
    page, paper = Page(quiet=False), io.StringIO()
    page._console = Console(file=paper, force_terminal=True, color_system=None, width=40, soft_wrap=True)
    page.section("Realtime", [LONG])
    assert paper.getvalue() == (
        "Realtime\n"
        "  failed       session: the server is in\n"
        "               trouble (HTTP 500): boom\n"
        "               fix: try again later, or\n"
        "               ask its owner\n"
    )


def test_where_nobody_looks_a_finding_is_one_line(capsys):
    page = Page(quiet=False)
    page.tier(TierFound(Tier.DEVICE, (LONG,)))
    page.models(())
    page.models([Chosen("chat", "", "none is listed")])
    assert capsys.readouterr().out == (
        "This machine\n"
        "  failed       session: the server is in trouble (HTTP 500): boom\n"
        "               fix: try again later, or ask its owner\n"
        "\n"
        "Models\n"
        "  chat           none: none is listed\n"
    )


def test_a_quiet_page_stays_empty(capsys):
    page = Page(quiet=True)
    page.section("Realtime", [LONG])
    page.end(Report((), (), (), (TierFound(Tier.DEVICE, (LONG,)),)))
    assert capsys.readouterr().out == ""


def test_progress_is_for_terminals_and_leaves_no_trace(capsys):
    progress = Progress()
    progress.show("asking")
    progress.hide()
    assert capsys.readouterr() == ("", "")
    drawn = io.StringIO()
    progress._console = Console(file=drawn, force_terminal=True, width=40)
    progress.show("asking realtime")
    progress.show("asking REST")
    progress.hide()
    progress.hide()
    assert "asking REST" in drawn.getvalue()
    assert drawn.getvalue().endswith("\x1b[2K")
