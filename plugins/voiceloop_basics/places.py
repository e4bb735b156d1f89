"""Time zones by the names people say: cities, countries, zones."""

from __future__ import annotations

import functools
import zoneinfo
from typing import Final

__all__ = ["find_zone"]

AREAS: Final = ("Europe", "America", "Asia", "Africa", "Australia", "Pacific", "Atlantic", "Indian")

# Places that the time zone database does not name, by zone.
MORE: Final = {
    "UTC": "utc, gmt, universal time, greenwich, zulu",
    "America/New_York": "boston, washington, washington dc, miami, atlanta, philadelphia, new york city, nyc, orlando, "
    "charlotte, eastern time, the east coast, baltimore, pittsburgh, cleveland",
    "America/Chicago": "houston, dallas, austin, san antonio, new orleans, minneapolis, kansas city, st louis, "
    "nashville, memphis, milwaukee, texas, central time",
    "America/Denver": "salt lake city, albuquerque, mountain time, colorado",
    "America/Los_Angeles": "san francisco, seattle, san diego, las vegas, portland, california, san jose, sacramento, "
    "pacific time, the west coast, silicon valley, la",
    "America/Phoenix": "arizona",
    "America/Toronto": "ottawa, montreal, quebec",
    "America/Edmonton": "calgary",
    "America/Mexico_City": "mexico",
    "America/Sao_Paulo": "rio de janeiro, rio, brasilia, brazil, são paulo",
    "America/Argentina/Buenos_Aires": "argentina, buenos aires",
    "America/Santiago": "chile",
    "America/Bogota": "colombia, medellin",
    "America/Lima": "peru",
    "America/Caracas": "venezuela",
    "Pacific/Honolulu": "hawaii",
    "America/Anchorage": "alaska",
    "Europe/London": "england, scotland, wales, britain, great britain, the uk, uk, the united kingdom, manchester, "
    "birmingham, edinburgh, glasgow, liverpool, oxford, cambridge",
    "Europe/Dublin": "ireland",
    "Europe/Paris": "france, marseille, lyon, nice, toulouse, bordeaux, strasbourg",
    "Europe/Berlin": "germany, munich, hamburg, cologne, frankfurt, stuttgart, leipzig, dresden, düsseldorf, central "
    "european time, dusseldorf, bremen, hanover, nuremberg",
    "Europe/Zurich": "switzerland, geneva, basel, bern",
    "Europe/Vienna": "austria, salzburg, graz",
    "Europe/Rome": "italy, milan, naples, florence, venice, turin, bologna",
    "Europe/Madrid": "spain, barcelona, valencia, seville, bilbao, malaga",
    "Europe/Lisbon": "portugal, porto",
    "Europe/Amsterdam": "the netherlands, netherlands, holland, rotterdam, the hague",
    "Europe/Brussels": "belgium, antwerp, bruges",
    "Europe/Stockholm": "sweden, gothenburg, malmö",
    "Europe/Oslo": "norway, bergen",
    "Europe/Copenhagen": "denmark",
    "Europe/Helsinki": "finland",
    "Europe/Warsaw": "poland, krakow, gdansk",
    "Europe/Prague": "the czech republic, czechia, brno",
    "Europe/Budapest": "hungary",
    "Europe/Athens": "greece",
    "Europe/Bucharest": "romania",
    "Europe/Sofia": "bulgaria",
    "Europe/Kyiv": "ukraine, kiev",
    "Europe/Istanbul": "turkey, ankara",
    "Europe/Moscow": "st petersburg",
    "Atlantic/Reykjavik": "iceland",
    "Asia/Tokyo": "japan, osaka, kyoto, yokohama, nagoya, sapporo",
    "Asia/Seoul": "korea, south korea, busan",
    "Asia/Shanghai": "china, beijing, shenzhen, guangzhou, wuhan, chengdu",
    "Asia/Kolkata": "india, mumbai, delhi, new delhi, bangalore, chennai, hyderabad, calcutta, pune",
    "Asia/Karachi": "pakistan, lahore, islamabad",
    "Asia/Dubai": "the emirates, the uae, abu dhabi, united arab emirates",
    "Asia/Riyadh": "saudi arabia, mecca",
    "Asia/Qatar": "doha",
    "Asia/Jerusalem": "israel, tel aviv",
    "Asia/Tehran": "iran",
    "Asia/Bangkok": "thailand",
    "Asia/Ho_Chi_Minh": "vietnam, hanoi, saigon",
    "Asia/Manila": "the philippines, philippines",
    "Asia/Jakarta": "indonesia",
    "Asia/Kuala_Lumpur": "malaysia",
    "Asia/Kathmandu": "nepal",
    "Asia/Dhaka": "bangladesh",
    "Asia/Taipei": "taiwan",
    "Africa/Cairo": "egypt",
    "Africa/Johannesburg": "south africa, cape town, pretoria",
    "Africa/Lagos": "nigeria, abuja",
    "Africa/Nairobi": "kenya",
    "Africa/Casablanca": "morocco, marrakesh",
    "Africa/Addis_Ababa": "ethiopia",
    "Australia/Sydney": "canberra",
    "Pacific/Auckland": "new zealand, wellington",
}


@functools.cache
def _zones() -> dict[str, str]:
    """Zone names by place; built on first use because the database takes some milliseconds to list."""
    found: dict[str, str] = {}
    known = zoneinfo.available_timezones()
    for zone in sorted(known):
        area, _, city = zone.partition("/")
        if area in AREAS and city:
            found[city.rpartition("/")[2].replace("_", " ").lower()] = zone
    for zone, names in MORE.items():
        if zone in known:
            found.update(dict.fromkeys(names.split(", "), zone))
    return found


def find_zone(place: str) -> zoneinfo.ZoneInfo | None:
    """Return the time zone of a city, country or zone; None when the name is not known."""
    name = " ".join(place.lower().replace(".", "").replace("-", " ").strip(" ,?!").split())
    zones = _zones()
    for candidate in (
        name,
        name.partition(",")[0],
        f"the {name}",
        name.removeprefix("the "),
        name.removesuffix(" time"),
    ):
        if candidate in zones:
            return zoneinfo.ZoneInfo(zones[candidate])
    return None
