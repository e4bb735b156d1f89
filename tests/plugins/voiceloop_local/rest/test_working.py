"""What the models say when they cannot, as a status."""

from __future__ import annotations

import pytest

from voiceloop.errors import DeviceError, LanguageError, SettingsError
from voiceloop_local.rest.problems import ApiProblem
from voiceloop_local.rest.working import told_as_problems


@pytest.mark.parametrize(
    ("failure", "status", "param", "message"),
    [
        (SettingsError("there is no language 'fr' here"), 400, "language", "there is no language 'fr' here"),
        (LanguageError("install babel"), 400, "language", "install babel"),
        (DeviceError("install it with: pip install x"), 503, None, "install it with: pip install x"),
        (TimeoutError(), 503, None, "The models on this machine are too busy: try again later."),
    ],
)
def test_expected_failures_are_told(failure, status, param, message):
    with pytest.raises(ApiProblem) as caught, told_as_problems():
        raise failure
    assert (caught.value.status, caught.value.param, caught.value.message) == (status, param, message)


def test_mistakes_of_the_program_are_not_hidden():
    with pytest.raises(KeyError), told_as_problems():
        raise KeyError("a bug")
