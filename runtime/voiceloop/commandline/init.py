"""`voiceloop init DIR`: an agent to change, its settings, its test, and what to type next."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Iterable
from pathlib import Path

from voiceloop.commandline.schema import schema_text
from voiceloop.errors import UsageError

__all__ = ["init"]

STARTER = Path(__file__).parent.parent / "starter"
FILES = {
    "agent.py": "agent.py",
    "test_agent.py": "test_agent.py",
    "pytest.ini": "pytest.ini",
    "voiceloop.toml": "voiceloop.toml",
    "env.example": ".env.example",
    "gitignore": ".gitignore",
}
"""Shipped name to the name it gets."""
SCHEMA = "schema.json"
"""What tells editors the settings of this version; voiceloop.toml names it."""


def init(folder: Path) -> int:
    """Write the files of a new agent and print the next commands. Overwrites nothing. Raises UsageError."""
    texts = {name: (STARTER / shipped).read_text("utf-8") for shipped, name in FILES.items()}
    texts[SCHEMA] = schema_text()
    there = [name for name in texts if os.path.lexists(folder / name)]
    if there:
        raise UsageError(f"{folder} already has {', '.join(there)}; name another folder, or move them away")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in texts.items():
            with (folder / name).open("x", encoding="utf-8") as file:
                file.write(text)
    except OSError as error:
        raise UsageError(f"cannot write {error.filename or folder}: {error.strerror}; name another folder") from error
    sys.stdout.write(next_steps(folder, texts))
    return 0


def next_steps(folder: Path, made: Iterable[str]) -> str:
    """Return what to type next, ready to be pasted."""
    return f"""\
Made {folder}: {", ".join(made)}.

Next:

    cd {shlex.quote(str(folder))}
    voiceloop talk agent.py --config voiceloop.toml --text
    voiceloop talk agent.py --config voiceloop.toml --watch
    python -m pip install pytest && python -m pytest

The first types, the second speaks and starts again whenever a file is saved, the third tests.
It needs no key. For a real model: voiceloop login, or copy .env.example to .env and fill it in.
"""
