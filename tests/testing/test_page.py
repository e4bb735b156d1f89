"""The examples of docs/testing.md, run as they stand: one module whose tests are called one by one."""

from __future__ import annotations

import inspect
import re
from pathlib import Path
from typing import get_args

import pytest

from voiceloop import testing
from voiceloop.testing.service_faults import ServiceFault

PAGE = (Path(__file__).parents[2] / "docs" / "testing.md").read_text("utf-8")
BLOCKS = re.findall(r"^```python\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
EXAMPLES = re.findall(r"^async def (test_\w+)", "\n".join(BLOCKS), re.MULTILINE)
ON_VIRTUAL_TIME = re.findall(r"^@virtual_time\nasync def (test_\w+)", "\n".join(BLOCKS), re.MULTILINE)


@pytest.fixture(scope="module")
def examples():
    names: dict[str, object] = {"__name__": "page"}
    for number, block in enumerate(BLOCKS, 1):
        exec(compile(block, f"docs/testing.md, block {number}", "exec"), names)
    return names


@pytest.mark.parametrize("name", ON_VIRTUAL_TIME)
def test_what_the_page_shows_on_virtual_time_holds(examples, name):
    examples[name]()


@pytest.mark.real
@pytest.mark.parametrize("name", [name for name in EXAMPLES if name not in ON_VIRTUAL_TIME])
async def test_what_the_page_shows_in_real_time_holds(examples, name):
    assert inspect.iscoroutinefunction(examples[name])
    await examples[name]()


def test_every_name_on_the_page_is_there():
    there = set(dir(testing.script)) | set(testing.__all__)
    named = re.findall(r"`(?:[\w.]+\()?([A-Z][A-Za-z]+)\(", PAGE)
    assert set(named) <= there
    fields = re.findall(r"(?:Quirks|Reply)\((\w+)=", PAGE)
    known = {*testing.Quirks.__dataclass_fields__, *testing.Reply.__dataclass_fields__}
    assert set(fields) <= known
    assert len(EXAMPLES) >= 7


def test_every_fault_of_services_has_a_line_on_the_page():
    named = {fault.__name__ for fault in get_args(ServiceFault)} - {"Refusal"}
    assert {name for name in named if f"how={name}()" not in PAGE} == set()


def test_every_way_to_fail_has_a_line_on_the_page():
    quirks = set(testing.Quirks.__dataclass_fields__) - {
        "after_greeting", "input_rate_hz", "metadata_echoed", "queues_replies", "truncate_confirmed",
    }  # fmt: skip
    assert {name for name in quirks if f"{name}=" not in PAGE} == set()
