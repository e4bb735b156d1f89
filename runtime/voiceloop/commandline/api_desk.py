"""The server that `voiceloop api` asks, and which of its models."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeVar

from pydantic import BaseModel, ValidationError

from voiceloop.commandline.api_files import note
from voiceloop.commandline.running import run
from voiceloop.dgrid.client import Client, Timeouts
from voiceloop.dgrid.models import PIN, choose, list_models
from voiceloop.dgrid.preferences import preferences
from voiceloop.errors import SettingsError, UsageError
from voiceloop.network.route import route_to
from voiceloop.screen import clean
from voiceloop.sources import Origins, read_settings

__all__ = ["AUTO", "Desk", "shaped"]

S = TypeVar("S", bound=BaseModel)
AUTO: Final = "auto"
"""In place of a model: the one that is set, else the best that is listed."""
NOBODY: Final = (
    "there is no server to ask: set DGRID_API_KEY (voiceloop login keeps it), or start `voiceloop gateway` and set"
    " DGRID_BASE_URL to the address it prints"
)


class Desk:
    """Reads settings, then asks. Raises UsageError and SettingsError; the latter, too, where there is nobody to ask."""

    def __init__(self, origins: Origins) -> None:
        self.settings = read_settings(origins).settings
        backend = self.settings.backend
        if backend.base_url is None:
            raise SettingsError(NOBODY)
        self.url = backend.base_url
        self.key = None if backend.api_key is None else backend.api_key.get_secret_value()
        self.route = route_to(self.url, os.environ, backend)

    def run(self, work: Callable[[Client], Awaitable[None]], timeouts: Timeouts = Timeouts()) -> int:  # noqa: B008 - frozen
        """Run what asks the server as a process; return its exit status."""

        async def asked() -> int:
            async with Client(self.url, self.key, route=self.route, timeouts=timeouts) as client:
                await work(client)
            return 0

        return run(asked)

    async def chosen(self, request: S, role: str, word: str = "") -> S:
        """Return a request with a model in place of AUTO: the one that is set, else the best that the server lists.

        Models whose ids hold `word` come first. Tells what was chosen. Safe to cancel. Raises BackendError where the
        server refuses the key, does not answer, or lists no model for the role.
        """
        if getattr(request, "model", None) != AUTO:
            return request
        named = getattr(self.settings.agent.models, role, None)
        if named is not None:
            return request.model_copy(update={"model": named})
        listed = await list_models(self.url, self.key, route=self.route)
        fits = preferences().roles[role].fits
        apt = [model for model in listed or () if word in model.id.lower() and fits(model.id)]
        choice = choose(role, apt or listed, self.url)
        pin = f"--model {choice.model}"
        if role in PIN:
            pin += f" or {PIN[role]}={choice.model}"
        if listed is None:
            why = f"by {preferences().file}, since {self.url} has no list of models"
        else:
            why = f"chosen of {choice.fitting} that fit"
        note(clean(f"Model {choice.model}, {why}; pin it: {pin}"))
        return request.model_copy(update={"model": choice.model})


def shaped(shape: type[S], **fields: Any) -> S:  # noqa: ANN401 - each shape has fields of its own
    """Return a request without what was not given. Raises UsageError for what no server would take."""
    try:
        return shape(**{name: value for name, value in fields.items() if value is not None})
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        where = f"--{str(first['loc'][0]).replace('_', '-')}: " if first["type"] != "value_error" else ""
        raise UsageError(where + first["msg"].removeprefix("Value error, ")) from None
