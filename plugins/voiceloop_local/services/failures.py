"""What the models say when they cannot, in the terms of a cascade."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from voiceloop.errors import DeviceError, RefusedError, UnreachableError
from voiceloop_local.models.pending import RequestError

__all__ = ["told_as_backend_errors"]


@contextmanager
def told_as_backend_errors() -> Iterator[None]:
    """Raise RefusedError for one request that is no use, UnreachableError for models that are gone."""
    try:
        yield
    except RequestError as error:
        raise RefusedError(str(error)) from error
    except DeviceError as error:
        raise UnreachableError(str(error)) from error
