import pytest

from voiceloop.errors import DeviceError, RefusedError, SettingsError, UnreachableError
from voiceloop_local.models.pending import RequestError
from voiceloop_local.services.failures import told_as_backend_errors


@pytest.mark.parametrize(
    ("raised", "told"),
    [
        (DeviceError, UnreachableError),
        (RequestError, RefusedError),
        (SettingsError, SettingsError),
        (KeyError, KeyError),
    ],
)
def test_only_failures_of_models_are_told_in_other_terms(raised, told):
    with pytest.raises(told, match="the reason"), told_as_backend_errors():
        raise raised("the reason")
