"""What a failed conversation leaves: its tapes, as files to replay; and the table of the outages that were held."""

from __future__ import annotations

import re
import sys
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest

from journeys.journey import tapes

KEPT = Path(__file__).parents[2] / ".artefacts" / "tapes"


@pytest.fixture(autouse=True)
def _tapes_of_this_test() -> None:
    tapes.clear()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Keep the tapes of a test that fails and say where they are."""
    report = yield
    if report.failed and report.when == "call":
        kept = [str(path) for path in keep(item.name, recorded(getattr(item, "funcargs", {})))]
        report.sections.append(("tapes to replay", "\n".join(kept) or "none was recorded"))
    return report


def recorded(fixtures: dict[str, object]) -> Iterator[str]:
    """The tapes of sessions in this process, then of those that ran in processes of their own."""
    yield from (tape() for tape in tapes)
    folders = {getattr(value, "folder", value) for value in fixtures.values() if hasattr(value, "folder")}
    folders |= {value for value in fixtures.values() if isinstance(value, Path) and value.is_dir()}
    for folder in sorted(map(Path, folders)):
        yield from (path.read_text("utf-8") for path in sorted(folder.rglob("*tape")) if path.is_file())


def keep(test: str, found: Iterator[str]) -> Iterator[Path]:
    """Write tapes under the name of a test; where there are several, they are numbered."""
    name = re.sub(r"[^\w.-]+", "_", test).strip("_")[:120]
    for number, tape in enumerate(filter(None, found), 1):
        KEPT.mkdir(parents=True, exist_ok=True)
        path = KEPT / (f"{name}.tape" if number == 1 else f"{name}.{number}.tape")
        path.write_text(tape, "utf-8")
        yield path


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the table of the cells that were held."""
    outages = sys.modules.get("journeys.outages")
    if outages is not None and outages.held:
        terminalreporter.section("outages")
        terminalreporter.write_line(outages.told(outages.held.values()))
    tiers = sys.modules.get("journeys.tier_outages")
    if tiers is not None and tiers.held:
        terminalreporter.section("tiers: seconds of silence until the next one speaks, its own time taken off")
        terminalreporter.write_line(tiers.told(tiers.table()))
    services = sys.modules.get("journeys.tier_services")
    if tiers is not None and services is not None and services.held:
        terminalreporter.section("tiers: the same where an endpoint of REST fails below")
        terminalreporter.write_line(tiers.told(services.table()))
