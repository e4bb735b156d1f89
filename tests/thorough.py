"""How often the properties of whole conversations are tried: HYPOTHESIS_PROFILE=everyday, landing or long.

Every day the same 200, and before something lands the same 500, so that a change is judged by what it changed; the long
run tries 10,000 and looks for new ones.
"""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

__all__ = ["thorough"]

# What every other property is tried with: a busy machine is no finding, and a failure comes again.
settings.register_profile("steady", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("steady")
settings.register_profile("everyday", settings.get_profile("steady"), max_examples=200)
settings.register_profile("landing", settings.get_profile("everyday"), max_examples=500)
settings.register_profile("long", settings.get_profile("everyday"), max_examples=10_000, derandomize=False)
thorough = settings.get_profile(os.environ.get("HYPOTHESIS_PROFILE", "everyday"))
"""Decorates a property."""
