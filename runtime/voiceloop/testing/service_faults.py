"""What can go wrong with scripted services: which endpoint fails, how, and as which error."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Literal, get_args

from voiceloop.dgrid.failures import Failure, Kind, RequestFailedError, RequestRefusedError, error_of, read_failure
from voiceloop.errors import MisuseError
from voiceloop.testing.faults import Refuse
from voiceloop.testing.script import NoAnswer, Refusal, Stall, Vanish

__all__ = ["ENDPOINTS", "Endpoint", "Garbled", "ServiceFault", "ServiceFaults", "cut_off", "failure_error", "silent"]

Endpoint = Literal["models", "transcribe", "chat", "speak"]
ENDPOINTS: Final[tuple[Endpoint, ...]] = get_args(Endpoint)
WHERE: Final = "the scripted services"


@dataclass(frozen=True, slots=True)
class Garbled:
    """An answer with a success's status that holds nothing of what was asked for."""


ServiceFault = Refuse | Refusal | NoAnswer | Stall | Vanish | Garbled
"""No connection, an HTTP status, no answer at all, an answer that stops coming, one that breaks off, a wrong one."""


@dataclass(slots=True)
class _Broken:
    how: ServiceFault
    times: int | None
    until_s: float | None
    share: float


class ServiceFaults:
    """Which endpoints are broken now. `seed` decides where only a share of the requests fails, and where in them."""

    def __init__(self, seed: int = 0) -> None:
        self._dice = random.Random(seed)
        self._broken: dict[Endpoint, _Broken] = {}

    def begin(
        self,
        endpoints: tuple[Endpoint, ...],
        how: ServiceFault,
        *,
        times: int | None,
        until_s: float | None,
        share: float,
    ) -> None:
        """Break these endpoints, or all; what was wrong with them before is forgotten."""
        for endpoint in _known(endpoints):
            self._broken[endpoint] = _Broken(how, times, until_s, share)

    def end(self, endpoints: tuple[Endpoint, ...]) -> None:
        """Nothing is wrong with these any more, or with all."""
        for endpoint in _known(endpoints):
            self._broken.pop(endpoint, None)

    def meets(self, endpoint: Endpoint, now_s: float) -> ServiceFault | None:
        """What a request that begins now meets; None: it is answered."""
        broken = self._broken.get(endpoint)
        if broken is None or (broken.until_s is not None and now_s >= broken.until_s):
            self._broken.pop(endpoint, None)
            return None
        if self._dice.random() >= broken.share:
            return None
        if broken.times is not None:
            broken.times -= 1
            if not broken.times:
                del self._broken[endpoint]
        return broken.how

    def place(self, pieces: int) -> int:
        """After how many of an answer's pieces it stops: at least one where there are more, and never all."""
        return self._dice.randint(1, pieces - 1) if pieces > 1 else 0


def failure_error(fault: Refuse | Refusal | Garbled) -> RequestFailedError | RequestRefusedError:
    """The error that a client of REST endpoints raises for this, its patience being over."""
    if isinstance(fault, Refuse):
        return error_of(Failure(Kind.UNREACHABLE, "connection refused"), WHERE)
    if isinstance(fault, Garbled):
        return error_of(Failure(Kind.BROKEN, "it holds nothing of what was asked for", 200), WHERE)
    headers = {name.lower(): value for name, value in fault.headers.items()}
    return error_of(read_failure(fault.status, headers, fault.body, (), datetime.now(UTC)), WHERE)


def cut_off() -> RequestFailedError | RequestRefusedError:
    """The error of a request whose connection broke."""
    return error_of(Failure(Kind.DROPPED, "connection reset"), WHERE)


def silent(within_s: float) -> RequestFailedError | RequestRefusedError:
    """The error of a request that was not answered in time."""
    return error_of(Failure(Kind.SILENT, f"no whole answer within {within_s:g} s"), WHERE)


def _known(endpoints: tuple[Endpoint, ...]) -> tuple[Endpoint, ...]:
    for endpoint in endpoints:
        if endpoint not in ENDPOINTS:
            raise MisuseError(f"no endpoint {endpoint!r}: there are {', '.join(ENDPOINTS)}")
    return endpoints or ENDPOINTS
