"""The short form of the long sessions: twenty typed ones of 70 minutes, and one in which every frame counts."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).parents[1] / "scripts"
SOAK = [sys.executable, "-m", "bench_parts.soak"]


@pytest.mark.real
@pytest.mark.long
def test_long_sessions_with_faults_lose_nothing_and_keep_no_memory():
    env = {**os.environ, "PYTHONPATH": str(SCRIPTS)}
    for short in (["--typed", "20", "--spoken", "0"], ["--typed", "0", "--spoken", "1", "--minutes", "15"]):
        soak = subprocess.run([*SOAK, *short], env=env, capture_output=True, text=True, timeout=100, check=False)
        assert soak.returncode == 0, soak.stdout + soak.stderr
        assert "lost: 0, words twice: 0" in soak.stdout
