"""How long a server asks to be left alone: `retry-after` in seconds or as a date, `retry-after-ms`, durations. Pure."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

__all__ = ["asked_wait_s", "duration_s"]

SECONDS = re.compile(r"(\d{1,9}(?:\.\d{1,9})?)s")


def asked_wait_s(headers: Mapping[str, str], now: datetime) -> float | None:
    """Return the seconds that an answer asks to wait; None where it asks for nothing that can be read.

    `headers` have names in lower case. A date counts from the answer's own `date`, so that a clock that is wrong here
    does no harm, else from `now` (aware). A time that has passed is 0.
    """
    if (milliseconds := plain_number(headers.get("retry-after-ms", ""))) is not None:
        return milliseconds / 1000
    asked = headers.get("retry-after", "").strip()
    if (seconds := plain_number(asked)) is not None:
        return seconds
    if (until := http_date(asked)) is None:
        return None
    return max(0.0, (until - (http_date(headers.get("date", "")) or now)).total_seconds())


def duration_s(written: str) -> float | None:
    """Return the seconds of a duration such as `17s` or `0.5s`; None for anything else."""
    found = SECONDS.fullmatch(written)
    return float(found[1]) if found else None


def plain_number(written: str) -> float | None:
    """Return a number that is neither negative nor endless."""
    try:
        number = float(written)
    except ValueError:
        return None
    return number if math.isfinite(number) and number >= 0 else None


def http_date(written: str) -> datetime | None:
    """Return the moment that a date of HTTP names."""
    try:
        moment = parsedate_to_datetime(written)
    except (ValueError, IndexError, TypeError, OverflowError):
        return None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
