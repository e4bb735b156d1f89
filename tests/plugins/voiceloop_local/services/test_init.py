import subprocess
import sys

import pytest

from voiceloop.errors import SettingsError
from voiceloop.settings import Settings
from voiceloop_local.services import factory


def test_making_them_loads_nothing():
    code = (
        "import sys\nfrom voiceloop.settings import Settings\nfrom voiceloop_local.services import factory\n"
        "factory({}, Settings())\nprint(sorted({'hassil', 'numpy', 'ctranslate2', 'hibari'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_settings_they_do_not_have_are_refused():
    with pytest.raises(SettingsError, match="no setting 'speed'"):
        factory({"speed": 2}, Settings())
