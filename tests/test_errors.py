import inspect

import pytest

from voiceloop import errors
from voiceloop.errors import (
    DeviceError,
    RefusedError,
    SettingsError,
    UnreachableError,
    UsageError,
    VoiceloopError,
    error_of,
)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (2, UsageError),
        (3, SettingsError),
        (4, RefusedError),
        (5, UnreachableError),
        (6, DeviceError),
        (1, VoiceloopError),
    ],
)
def test_a_session_that_ended_badly_leaves_with_the_error_of_its_status(status, kind):
    error = error_of(status, "gone")
    assert type(error) is kind
    assert (error.exit_status, str(error)) == (status, "gone")


def test_every_error_stands_in_the_tree_and_in_the_exports():
    classes = {name for name, each in vars(errors).items() if inspect.isclass(each) and issubclass(each, Exception)}
    assert classes | {"error_of"} == set(errors.__all__)
    assert all(name in (errors.__doc__ or "") for name in classes)
