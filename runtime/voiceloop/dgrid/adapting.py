"""Asking a model again without what it refused, and remembering that."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar

from voiceloop.dgrid.failures import RequestRefusedError
from voiceloop.dgrid.refused_parameters import RefusedParameters

__all__ = ["adapted"]

log = logging.getLogger(__name__)

T = TypeVar("T")


async def adapted(
    refused: RefusedParameters, model: str, asked: Mapping[str, Any], attempt: Callable[[dict[str, Any]], Awaitable[T]]
) -> T:
    """Attempt with what the model takes, as far as that is known; once more for each parameter it refuses.

    Raises what `attempt` raises. As safe to cancel as that is.
    """
    while True:
        sent = refused.without(model, asked)
        try:
            return await attempt(sent)
        except RequestRefusedError as error:
            name = refused.learn(model, error.failure, sent)
            if name is None:
                raise
            log.warning("%s takes no %s: asking without it from now on", model, name)
