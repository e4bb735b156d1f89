"""What holds for every test: no task is left behind, none dies unseen, and no callback of a loop raises."""

from __future__ import annotations

import asyncio
import asyncio.runners
import gc
import logging
import os
import sys
from collections.abc import Generator, Iterator

import pytest

import thorough

__all__ = ["thorough"]  # what properties are tried with is set by importing it

# A key that a person keeps in the keyring of this machine is none of the tests' business.
os.environ["PYTHON_KEYRING_BACKEND"] = "keyring.backends.null.Keyring"


class _Watch(logging.Handler):
    """Collects what asyncio complains about, and the tasks that a loop had to cancel when it was closed."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.loops = 0
        self.found: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.found.append(self.format(record))

    def cancel_all_tasks(self, loop: asyncio.AbstractEventLoop) -> None:
        """Stand in for the function by which runners end a loop."""
        self.loops += 1
        # A loop closes generators that were not read to their end in tasks of its own; those are nobody's.
        left = [task for task in asyncio.all_tasks(loop) if type(task.get_coro()).__name__ != "async_generator_athrow"]
        self.found += [f"the task {task.get_name()!r} was left running: {task.get_coro()}" for task in left]
        CANCEL_ALL_TASKS(loop)


CANCEL_ALL_TASKS = asyncio.runners._cancel_all_tasks


@pytest.fixture(autouse=True)
def no_stray_tasks(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A task that a test leaves running, or that dies unseen, fails the test; so does a callback that raises.

    A test that is about such things handles them itself, with `loop.set_exception_handler`.
    """
    watch = _Watch()
    monkeypatch.setattr(asyncio.runners, "_cancel_all_tasks", watch.cancel_all_tasks)
    logger = logging.getLogger("asyncio")
    logger.addHandler(watch)
    yield
    if watch.loops:
        gc.collect(1)  # a dead task complains when it is collected
    logger.removeHandler(watch)
    assert not watch.found, "\n".join(watch.found)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Where everything is installed on purpose (CI=true), a test that is skipped has not passed."""
    report = yield
    if report.skipped and os.environ.get("CI") == "true" and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
    return report


# Tests in several processes: the table of outages that one of them held is printed at the end, as without them --------


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Hand the table to the process that prints."""
    output = getattr(session.config, "workeroutput", None)
    outages = sys.modules.get("journeys.outages")
    if output is not None and outages is not None and outages.held:
        output["outages"] = outages.told(outages.held.values())


class Outages:
    """Prints the tables that other processes handed over."""

    def __init__(self) -> None:
        self.tables: list[str] = []

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: object) -> None:
        """A process has ended."""
        table = getattr(node, "workeroutput", {}).get("outages")
        self.tables += [table] if table else []

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Print the tables."""
        for table in self.tables:
            terminalreporter.section("outages")
            terminalreporter.write_line(table)


def pytest_configure(config: pytest.Config) -> None:
    """Listen to other processes, if there will be any."""
    config.pluginmanager.register(Outages())
