from __future__ import annotations

import sys

import keyring
import pytest
from keyring.backend import KeyringBackend
from keyring.backends import fail, null
from keyring.errors import KeyringLocked, PasswordDeleteError

from voiceloop import keystore
from voiceloop.errors import DeviceError
from voiceloop.keystore import forget_key, store_key, stored_key

HERE, THERE = "https://api.dgrid.ai", "https://other.example"
KEY = "sk-canary-4711-abcdef"  # pragma: allowlist secret


class Memory(KeyringBackend):
    priority = 1
    name = "a keyring for tests"

    def __init__(self):
        super().__init__()
        self.kept = {}

    def get_password(self, service, username):
        return self.kept.get((service, username))

    def set_password(self, service, username, password):
        self.kept[service, username] = password

    def delete_password(self, service, username):
        if self.kept.pop((service, username), None) is None:
            raise PasswordDeleteError


class Locked(Memory):
    def get_password(self, service, username):
        raise KeyringLocked("the user said no\nto the question")


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    """Where the application keeps files of its user."""
    monkeypatch.setattr(keystore, "data_dir", lambda environ: tmp_path / "voiceloop")
    return tmp_path / "voiceloop"


@pytest.fixture
def use():
    """Take a keyring for the length of a test."""
    before = keyring.get_keyring()
    yield lambda backend: keyring.set_keyring(backend) or backend
    keyring.set_keyring(before)


def test_a_key_is_kept_found_and_forgotten(use):
    use(Memory())
    assert stored_key(HERE) is None
    assert store_key(HERE, KEY) == "a keyring for tests"
    assert stored_key(HERE) == KEY
    assert forget_key(HERE)
    assert stored_key(HERE) is None
    assert not forget_key(HERE)


def test_a_key_goes_to_no_other_base_url_than_its_own(use):
    use(Memory())
    store_key(HERE, KEY)
    assert stored_key(THERE) is None
    assert not forget_key(THERE)
    assert stored_key(HERE) == KEY


@pytest.mark.parametrize("backend", [fail.Keyring, null.Keyring, Locked])
def test_where_nothing_is_kept_that_is_told_with_the_other_ways(use, backend):
    use(backend())
    with pytest.raises(DeviceError, match="set DGRID_API_KEY in the environment") as error:
        store_key(HERE, KEY)
    assert KEY not in str(error.value)
    assert "\n" not in str(error.value)


class Untouched(Memory):
    def get_password(self, service, username):
        raise AssertionError("nobody keeps a key here")


def test_who_keeps_no_key_is_asked_to_unlock_nothing(use):
    use(Untouched())
    assert stored_key(HERE) is None


def test_the_note_says_where_keys_are_kept_and_holds_none_of_them(use, home):
    use(Memory())
    for place in (THERE, HERE):
        store_key(place, KEY)
    note = home / "keys_kept.txt"
    assert note.read_text() == f"{HERE}\n{THERE}\n"
    assert note.stat().st_mode & 0o077 == 0
    forget_key(HERE)
    assert note.read_text() == f"{THERE}\n"


def test_a_key_that_cannot_be_noted_is_told(use, home):
    use(Memory())
    home.write_text("a file where the folder would be")
    with pytest.raises(DeviceError, match=r"cannot be noted in .*; set DGRID_API_KEY"):
        store_key(HERE, KEY)
    assert stored_key(HERE) is None


@pytest.mark.parametrize("backend", [fail.Keyring, null.Keyring, Locked])
def test_where_there_is_no_keyring_there_is_no_key(use, backend):
    use(Memory())
    store_key(HERE, KEY)
    use(backend())
    assert stored_key(HERE) is None


@pytest.mark.parametrize("backend", [fail.Keyring, Locked])
def test_a_keyring_that_cannot_forget_is_told(use, backend):
    use(backend())
    with pytest.raises(DeviceError, match="cannot be removed"):
        forget_key(HERE)


def test_without_the_package_the_extra_is_named_and_looking_costs_nothing(monkeypatch):
    monkeypatch.setitem(sys.modules, "keyring", None)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert stored_key(HERE) is None
    with pytest.raises(DeviceError, match=r"pip install 'voiceloop\[login\]'; set DGRID_API_KEY"):
        store_key(HERE, KEY)
