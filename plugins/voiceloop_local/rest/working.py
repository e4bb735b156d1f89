"""What the models say when they cannot, told as a problem of the request or of the gateway."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from voiceloop.errors import LanguageError, SettingsError, VoiceloopError
from voiceloop_local.rest.problems import ApiProblem
from voiceloop_local.seams import LACKING

__all__ = ["told_as_problems"]


@contextmanager
def told_as_problems() -> Iterator[None]:
    """Raise ApiProblem for failures of models: 400 for a language they cannot take, 503 for all else."""
    try:
        yield
    except SettingsError as error:
        raise ApiProblem(400, str(error), "invalid_value", "language") from error
    except LanguageError as error:
        raise ApiProblem(400, str(error), LACKING, "language") from error
    except VoiceloopError as error:
        raise ApiProblem(503, str(error), "model_unavailable") from error
    except TimeoutError as error:
        raise ApiProblem(503, "The models on this machine are too busy: try again later.", "overloaded") from error
