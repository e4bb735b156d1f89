"""How often the properties of whole conversations are tried: HYPOTHESIS_PROFILE=everyday, landing or long.

Every day the same 200, and before something lands the same 500, so that a change is judged by what it changed; the long
run tries 10,000 and looks for new ones.
"""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

__all__ = ["thorough"]

settings.register_profile(
    "everyday", max_examples=200, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("landing", settings.get_profile("everyday"), max_examples=500)
settings.register_profile("long", settings.get_profile("everyday"), max_examples=10_000, derandomize=False)
thorough = settings.get_profile(os.environ.get("HYPOTHESIS_PROFILE", "everyday"))
"""Decorates a property."""
