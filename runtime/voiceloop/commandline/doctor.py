"""`voiceloop doctor`: whether a conversation can be held, over what, and what happens when that fails."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from voiceloop.commandline.api_files import note, print_json
from voiceloop.commandline.doctor_asking import check, chosen, key_of, list_of
from voiceloop.commandline.doctor_case import Case, case_of, hidden
from voiceloop.commandline.doctor_faults import of_error
from voiceloop.commandline.doctor_machine import look_around
from voiceloop.commandline.doctor_page import Page, Progress
from voiceloop.commandline.doctor_report import CALLED, Chosen, Finding, Report, TierFound
from voiceloop.commandline.doctor_rest import roles_of
from voiceloop.commandline.doctor_services import Bounds
from voiceloop.commandline.probes import remember
from voiceloop.commandline.running import run
from voiceloop.dgrid.models import Listed
from voiceloop.errors import VoiceloopError
from voiceloop.sources import Origins
from voiceloop.vocabulary import Tier

__all__ = ["doctor"]


def doctor(
    origins: Origins,
    agent_file: Path | None = None,
    *,
    offline: bool = False,
    as_json: bool = False,
    bounds: Bounds = Bounds(),  # noqa: B008 - frozen
) -> int:
    """Look, ask, print; return 0 when a conversation can be held, else the status it would end with."""
    page, progress = Page(quiet=as_json), Progress()
    machine = list(look_around())
    page.section("This machine", machine)

    async def look() -> int:
        report = await examined(case, machine, bounds, page, progress)
        remember(origins.environ, report, datetime.now(UTC).astimezone())
        return conclude(report, page, as_json=as_json)

    try:
        case = case_of(origins, agent_file, offline=offline)
        if case.settings.wake_word is not None:
            from voiceloop.wakeword import try_wake_word  # noqa: PLC0415 - loads numpy and a model

            try_wake_word(case.settings.wake_word)
    except VoiceloopError as error:
        wrong = hidden(of_error("settings", error), None)
        page.section("Settings", [wrong])
        return conclude(Report(machine, [wrong]), page, as_json=as_json)
    try:
        return run(look, tidy=progress.hide)
    finally:
        progress.hide()


def conclude(report: Report, page: Page, *, as_json: bool) -> int:
    """Print what follows from everything, or everything for scripts."""
    page.end(report)
    if as_json:
        print_json(report.json)
    return report.exit_status


async def examined(case: Case, machine: Sequence[Finding], bounds: Bounds, page: Page, progress: Progress) -> Report:
    """Ask everything, and print each part when it and those before it are known. Safe to cancel."""
    server: list[Finding] = []
    models: Sequence[Chosen] = ()
    listed: Sequence[Listed] | None = None
    billed = 0
    if case.needs_server:
        server.append(key_of(case))
        if not case.why_unasked:
            progress.show("asking for the models")
            found, listed = await list_of(case)
            server.append(hidden(found, case.key))
            progress.hide()
            billed = len(roles_of(case.settings)) if Tier.REST in case.order else 0
        page.section("Backend" if case.url is None else f"Backend {case.url}", server)
        models = () if case.url is None else chosen(case, listed)
        page.models(models)
    if billed:
        note(f"Asking {case.url}: {billed} tiny billed requests; --offline makes none.")
    return Report(
        machine,
        server,
        models,
        await asked(case, listed, bounds, page, progress),
        base_url=case.url if case.needs_server else None,
        embedded=case.embedded,
        uses_tools=bool(case.seed.tools),
        billed_requests=billed,
    )


async def asked(
    case: Case, listed: Sequence[Listed] | None, bounds: Bounds, page: Page, progress: Progress
) -> Sequence[TierFound]:
    """Ask all tiers at the same time and print them in order; the embedded gateway needs this machine's too."""
    found: list[TierFound] = []
    tiers = dict.fromkeys((*case.order, Tier.DEVICE)) if case.embedded else case.order
    try:
        async with asyncio.TaskGroup() as group:
            tasks = {tier: group.create_task(check(tier, case, listed, bounds), name=tier) for tier in tiers}
            for task in tasks.values():
                if waited := [CALLED[tier] for tier, each in tasks.items() if not each.done()]:
                    progress.show(f"asking {', '.join(waited)}")
                found.append(await task)
                progress.hide()
                page.tier(found[-1])
    except BaseExceptionGroup as failed:  # nobody reads the page, or a mistake of ours: one error says it
        raise failed.exceptions[0] from None
    return found
