from __future__ import annotations

import subprocess
import sys
from importlib.metadata import EntryPoint

import pytest
from pydantic import BaseModel, ConfigDict

import voiceloop.plugins as module
from voiceloop.errors import DeviceError, MisuseError, SettingsError, ToolError, VoiceloopError
from voiceloop.plugins import GROUPS, Installed, PluginContext, check_tables, installed, load


class Maker:
    name = "bakery-tools"
    version = "1.2"


class Point(EntryPoint):
    """An entry point of a distribution that was never installed."""

    dist = Maker()


class Wishes(BaseModel):
    colour: str = "red"
    count: int = 1


class Strict(Wishes):
    model_config = ConfigDict(extra="forbid")


class OddError(ToolError):
    def __init__(self, one: str, two: str) -> None:
        super().__init__(f"{one}\n{two}")


def bakery(settings, context):
    return (Wishes.model_validate(dict(settings)), context)


def strict(settings, context):
    return Strict.model_validate(dict(settings))


def needy(settings, context):
    import a_package_nobody_has  # noqa: PLC0415, F401


def picky(settings, context):
    raise SettingsError("choose a port")


def odd(settings, context):
    raise OddError("first", "second")


def broken(settings, context):
    return {}["oven"]


@pytest.fixture
def shelf(monkeypatch):
    """Entry points by group; what stands here is all that is installed."""
    points: dict[str, list[EntryPoint]] = {group: [] for group in GROUPS}
    names = ["bakery", "needy", "picky", "odd", "broken", "gone"]
    points["voiceloop.tools"] = [Point(name, f"{__name__}:{name}", "voiceloop.tools") for name in names]
    monkeypatch.setitem(sys.modules, __name__, sys.modules.get(__name__) or sys.modules[Maker.__module__])
    monkeypatch.setattr(module, "_points", lambda group: points[group])
    return points


def test_a_named_plugin_is_made_from_its_settings_and_context(shelf):
    context = PluginContext()
    assert load("voiceloop.tools", "bakery", {"count": 2}, context) == (Wishes(count=2), context)


def test_a_wrong_name_is_met_with_the_nearest_right_one(shelf):
    with pytest.raises(SettingsError, match="there is no plugin bakry under tools; did you mean bakery"):
        load("voiceloop.tools", "bakry", {}, None)


def test_a_name_like_no_other_is_met_with_all_there_are(shelf):
    with pytest.raises(SettingsError, match="installed are: bakery, broken, gone, needy, odd, picky"):
        load("voiceloop.tools", "xylophone", {}, None)
    with pytest.raises(SettingsError, match="none is installed"):
        load("voiceloop.lines", "xylophone", {}, None)


def test_an_unknown_group_is_misuse(shelf):
    with pytest.raises(MisuseError, match=r"voiceloop\.tools"):
        load("voiceloop.toys", "bakery", {}, None)


@pytest.mark.parametrize(
    ("name", "kind", "words"),
    [
        ("needy", DeviceError, "No module named 'a_package_nobody_has'"),
        ("gone", VoiceloopError, "AttributeError"),
        ("picky", SettingsError, "choose a port"),
        ("odd", ToolError, "first second"),
        ("broken", VoiceloopError, "KeyError: 'oven'"),
    ],
)
def test_a_failure_names_the_plugin_and_who_made_it_in_one_line(shelf, name, kind, words):
    with pytest.raises(VoiceloopError) as caught:
        load("voiceloop.tools", name, {}, None)
    assert type(caught.value) is kind
    assert caught.value.__cause__ is not None
    for part in (f"plugin {name} (", f":{name} of bakery-tools 1.2)", words):
        assert part in str(caught.value)
    assert "\n" not in str(caught.value)


def test_wrong_settings_are_named_by_key(shelf):
    with pytest.raises(SettingsError, match=r"bakery-tools 1\.2.* are wrong: count: Input should be a valid integer"):
        load("voiceloop.tools", "bakery", {"count": "many"}, None)


def test_a_wrong_setting_is_placed_and_corrected(shelf):
    shelf["voiceloop.tools"].append(Point("strict", f"{__name__}:strict", "voiceloop.tools"))
    with pytest.raises(
        SettingsError, match=r"are wrong: cuont: there is no such setting; did you mean count\?"
    ) as error:
        load("voiceloop.tools", "strict", {"colour": "blue", "cuont": 2}, None)
    assert error.value.path == ("plugins", "strict", "cuont")


def test_a_table_that_no_plugin_would_read_is_an_error(shelf):
    check_tables(["bakery", "picky"])
    with pytest.raises(SettingsError, match=r"there is no plugin bakry; did you mean bakery\?") as error:
        check_tables(["bakery", "bakry"])
    assert error.value.path == ("plugins", "bakry")


def test_two_makers_of_one_name_are_an_error(shelf):
    shelf["voiceloop.tools"].append(EntryPoint("bakery", "other:factory", "voiceloop.tools"))
    with pytest.raises(SettingsError, match="bakery under tools is offered by bakery-tools and unknown"):
        load("voiceloop.tools", "bakery", {}, None)


def test_the_same_entry_point_listed_twice_is_one(shelf):
    shelf["voiceloop.tools"].append(shelf["voiceloop.tools"][0])
    assert load("voiceloop.tools", "bakery", {}, None) == (Wishes(), None)


def test_what_is_installed_is_listed_sorted_and_not_imported(shelf):
    shelf["voiceloop.engines"].append(Point("realtime", "nowhere.at.all:factory", "voiceloop.engines"))
    listed = installed()
    assert [plugin.name for plugin in listed] == ["bakery", "broken", "gone", "needy", "odd", "picky", "realtime"]
    assert listed[-1] == Installed("voiceloop.engines", "realtime", "nowhere.at.all:factory", "bakery-tools", "1.2")


def test_our_own_plugins_enter_by_the_same_door():
    names = {(plugin.group, plugin.name) for plugin in installed() if plugin.distribution == "voiceloop"}
    assert {("voiceloop.tools", "basics"), ("voiceloop.engines", "realtime"), ("voiceloop.lines", "wav")} <= names


def test_only_the_named_plugin_is_imported():
    code = (
        "import sys\n"
        "from voiceloop.plugins import PluginContext, check_tables, installed, load\n"
        "installed()\n"
        "assert not any(name.startswith('voiceloop_') for name in sys.modules)\n"
        "load('voiceloop.tools', 'basics', {}, PluginContext())\n"
        "assert 'voiceloop_basics' in sys.modules\n"
        "assert 'voiceloop_local' not in sys.modules\n"
        "assert 'voiceloop.devices.soundcard' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
