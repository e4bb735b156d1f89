"""What tests of several endpoint families share."""

from __future__ import annotations

import pytest
from google import genai


@pytest.fixture
def of_google():
    """Make stock clients of Google that outlive the loop: older versions leave a task behind when dropped on one."""
    made = []

    def make(**options):
        made.append(genai.Client(**options))
        return made[-1]

    return make
