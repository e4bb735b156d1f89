"""The page about failover has a result for each fault in each phase."""

import re

import pytest

from journeys import tier_outages, tier_services
from journeys.outages import PHASES
from journeys.tier_table import PAGE, shown, written

FAULTS = {
    "realtime": [trouble.name for trouble in tier_outages.FAULTS],
    "REST": list(dict.fromkeys(f"{each.endpoint} {each.fault}" for each in tier_services.cells())),
}


@pytest.mark.parametrize("kind", FAULTS)
def test_the_page_has_the_faults_and_phases_that_there_are(kind):
    """How long each took is for whoever writes it anew: scripts/outage_table."""
    heading, *rows = shown(PAGE.read_text("utf-8"), kind)
    assert heading == [kind, *PHASES]
    assert [row[0] for row in rows] == FAULTS[kind]
    assert [cell for row in rows for cell in row[1:] if not re.fullmatch(r"\d+\.\d s|ok", cell)] == []


def test_a_table_is_written_in_place_of_the_one_before():
    page = "Above:\n\n| a | x |\n| --- | --- |\n| 1 | ok |\n\nbelow:\n\n| b | x |\n| --- | --- |\n| 2 | ok |\n\nend"
    changed = written(page, [["a", "y"], ["3", "bad"], ["4", "ok"]])
    assert shown(changed, "a") == [["a", "y"], ["3", "bad"], ["4", "ok"]]
    assert shown(changed, "b") == shown(page, "b")
    assert changed.startswith("Above:\n\n|")
    assert changed.endswith("\n\nend")
