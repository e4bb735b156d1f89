from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from voiceloop import testing


def test_every_public_name_loads_and_the_list_is_sorted():
    assert testing.__all__ == sorted(testing.__all__)
    for name in testing.__all__:
        assert getattr(testing, name).__name__ == name
    assert {"Turn", "account_for"} <= set(testing.__all__)


def test_no_name_is_that_of_a_module_which_would_take_its_place():
    assert not {module.stem for module in Path(testing.__file__).parent.glob("*.py")} & set(testing.__all__)


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        _ = testing.nonsense


@pytest.mark.real
def test_importing_it_loads_none_of_the_fakes():
    code = (
        "import sys, voiceloop.testing; print([name for name in sys.modules if name.startswith('voiceloop.testing.')])"
    )
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "[]"
