from __future__ import annotations

import zoneinfo

import pytest

from voiceloop_basics.places import MORE, find_zone


@pytest.mark.parametrize(
    ("place", "zone"),
    [
        ("Tokyo", "Asia/Tokyo"),
        ("new york", "America/New_York"),
        ("New York City.", "America/New_York"),
        ("San Francisco", "America/Los_Angeles"),
        ("Paris, France", "Europe/Paris"),
        ("Munich", "Europe/Berlin"),
        ("the UK", "Europe/London"),
        ("Netherlands", "Europe/Amsterdam"),
        ("India", "Asia/Kolkata"),
        ("Buenos Aires", "America/Argentina/Buenos_Aires"),
        ("Pacific time", "America/Los_Angeles"),
        ("UTC", "UTC"),
    ],
)
def test_places_have_zones(place, zone):
    assert str(find_zone(place)) == zone


@pytest.mark.parametrize("place", ["Atlantis", "", "../etc/passwd"])
def test_other_places_have_none(place):
    assert find_zone(place) is None


def test_the_table_names_only_zones_there_are():
    assert set(MORE) <= zoneinfo.available_timezones()
