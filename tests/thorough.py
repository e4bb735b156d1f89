"""How often the properties of whole conversations are tried: 500 times, with HYPOTHESIS_PROFILE=long 10,000 times.

Every day the same 500, so that a change is judged by what it changed; the long run looks for new ones.
"""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

__all__ = ["thorough"]

settings.register_profile(
    "everyday", max_examples=500, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("long", settings.get_profile("everyday"), max_examples=10_000, derandomize=False)
thorough = settings.get_profile(os.environ.get("HYPOTHESIS_PROFILE", "everyday"))
"""Decorates a property."""
