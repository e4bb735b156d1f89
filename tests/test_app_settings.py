"""What is wrong with settings and shows only where they meet their agent: told with file and line too."""

from __future__ import annotations

import pytest

from voiceloop.agent import Agent
from voiceloop.app import Wanted, plan
from voiceloop.errors import SettingsError
from voiceloop.sources import Origins

WRONG = {
    "[agent]\ngreeting = 'Hi'\ninstructions = 'Talk to {{ nam }}'": (3, "nothing is called {{ nam }} here; known are "),
    "[agent.idle]\nafter_s = 3\nprompt = '{{ x }}'": (3, "agent.idle.prompt: nothing is called {{ x }} here"),
    "[agent]\nlanguage = 'deutsch'": (2, "it should be a BCP 47 tag such as de or de-AT, or auto"),
    "[agent]\ntools = ['basisc']": (2, "there is no plugin basisc under tools; did you mean basics?"),
    "[agent.limits]\nminutes = 3\nmoney = 1": (3, "agent.limits.money = 1 needs prices"),
    "[agent.limits]\nprices = 'none.toml'": (2, "cannot read the price file none.toml"),
    "[plugins.basics]\nclock = '24h'\nunit = 'metric'": (3, "unit: there is no such setting; did you mean units?"),
    "[plugins.basics]\nunits = 'parsec'": (2, "units: Input should be 'metric' or 'imperial'"),
    "[plugins.end_conversation]\nwords = 'x'": (2, "knows no setting 'words'; there are none"),
    "[plugins.basisc]\nunits = 'metric'": (2, "there is no plugin basisc; did you mean basics?"),
}


@pytest.mark.parametrize("text", WRONG)
def test_what_shows_late_is_placed_all_the_same(tmp_path, text):
    (tmp_path / "my.toml").write_text(text)
    line, said = WRONG[text]
    with pytest.raises(SettingsError) as error:
        plan(Wanted(text=True, origins=Origins(config=tmp_path / "my.toml", folder=tmp_path)), sound=str)
    assert str(error.value).startswith(f"{tmp_path / 'my.toml'}, line {line}: ")
    assert said in str(error.value)


def test_what_the_agents_own_file_says_has_no_place_in_another(tmp_path):
    (tmp_path / "my.toml").write_text("[agent]\nlanguage = 'de'\n")
    origins = Origins(config=tmp_path / "my.toml", folder=tmp_path)
    with pytest.raises(SettingsError, match=r"^agent\.greeting: nothing is called"):
        plan(Wanted(agent=Agent(greeting="{{ nam }}"), text=True, origins=origins), sound=str)
