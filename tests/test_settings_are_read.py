"""No setting is silently ignored: something outside settings.py reads each of them."""

from __future__ import annotations

import ast
from pathlib import Path

from voiceloop.overlay import dotted, leaves
from voiceloop.settings import Settings

ROOT = Path(__file__).parents[1]

ALIASES = {
    ("agent",): {"agent", "who", "settings"},
    ("agent", "history"): {"history"},
    ("agent", "idle"): {"idle"},
    ("agent", "limits"): {"limits"},
    ("agent", "models"): {"models"},
    ("agent", "voice"): {"voice"},
    ("agent", "waiting"): {"waiting"},
    ("audio",): {"audio"},
    ("backend",): {"backend"},
    ("realtime",): {"realtime"},
    ("realtime", "turn"): {"turn"},
    ("rest",): {"rest"},
    ("tiers",): {"tiers"},
    (): {"settings"},
}
"""What the variables and attributes that hold a section are called where it is read."""


def reads():
    """Every `holder.name` in the sources, except in settings.py, as pairs of names."""
    found = set()
    for path in [*ROOT.glob("runtime/**/*.py"), *ROOT.glob("plugins/**/*.py")]:
        if path.name == "settings.py":
            continue
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load):
                holder = node.value
                name = holder.attr if isinstance(holder, ast.Attribute) else getattr(holder, "id", "")
                found.add((name.lstrip("_"), node.attr))
    return found


BY_SETTINGS = {
    "agent.models.realtime": "Settings.of takes it where [realtime] model says nothing",
    "agent.patience": "Settings.of turns it into values of [realtime.turn]",
    "agent.voice.realtime": "VoiceSettings.on reads the tier's own",
    "agent.voice.rest": "VoiceSettings.on reads the tier's own",
    "agent.voice.device": "VoiceSettings.on reads the tier's own",
    "audio.format": "AudioSettings.wire gives it with its rate",
    "tiers.order": "TierSettings.wanted gives it, or the one tier that is named",
}
"""Settings that settings.py reads for others; the methods it does so by are used outside."""


def test_every_setting_is_read_somewhere():
    known = reads()
    unread = {
        dotted(path)
        for path in leaves(Settings)
        if not any((holder, path[-1]) in known for holder in ALIASES[path[:-1]])
    }
    assert unread == {*BY_SETTINGS}


def test_what_settings_read_for_others_is_asked_for():
    known = reads()
    assert any(name == "of" for _, name in known)
    assert ("voice", "on") in known
    assert ("audio", "wire") in known


def test_every_section_has_a_name():
    assert set(ALIASES) == {path[:-1] for path in leaves(Settings)}
