from __future__ import annotations

import http.server
import threading

import pytest

from voiceloop.commandline import doctor as module
from voiceloop.commandline.doctor import Finding, doctor, findings, reach
from voiceloop.sources import Origins


@pytest.fixture(autouse=True)
def a_machine_with_everything(monkeypatch):
    monkeypatch.setattr(module, "why_no_sound", lambda: "")
    monkeypatch.setattr(module.shutil, "which", lambda name: f"/usr/bin/{name}")
    monkeypatch.setattr(module.importlib.util, "find_spec", lambda name: object())


@pytest.fixture
def backend():
    """A server that answers /v1/models with the status in its list, and keeps what it was sent."""
    seen, statuses = [], [200]

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            seen.append((self.path, self.headers.get("Authorization")))
            self.send_response(statuses[0])
            self.send_header("Location", "http://127.0.0.1:1/elsewhere")
            self.end_headers()

        def log_message(self, *arguments):
            pass

    server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", statuses, seen
    server.shutdown()
    thread.join()
    server.server_close()


def find(what, origins):
    return next(finding for finding in findings(origins) if finding.what.startswith(what))


def test_a_machine_with_everything_is_fine(tmp_path, capsys):
    assert doctor(Origins(folder=tmp_path)) == 0
    out = capsys.readouterr().out
    assert "fix" not in out
    assert "key: none; talk starts the embedded gateway" in out


def test_whatever_is_missing_comes_with_its_fix(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(module, "why_no_sound", lambda: "no microphone found")
    monkeypatch.setattr(module.shutil, "which", lambda name: None)
    monkeypatch.setattr(module.importlib.util, "find_spec", lambda name: None)
    monkeypatch.setattr(module.platform, "python_version_tuple", lambda: ("3", "10", "1"))
    assert doctor(Origins(folder=tmp_path)) == 6
    out = capsys.readouterr().out
    for fix in (
        "use Python 3.11",
        "--input FILE.wav",
        "apt-get install ffmpeg",
        "voiceloop[local]",
        "set DGRID_API_KEY",
    ):
        assert f"fix: {fix}" in out or fix in out


def test_other_languages_than_english_are_an_extra_and_a_program(tmp_path, monkeypatch):
    assert find("local languages", Origins(folder=tmp_path)) == Finding(
        "local languages", "all that come with voiceloop"
    )
    monkeypatch.setattr(module.importlib.util, "find_spec", lambda name: None if name == "babel" else object())
    finding = find("local languages", Origins(folder=tmp_path))
    assert (finding.state, finding.exit_status) == ("English alone; others need babel", 0)
    assert finding.fix == "pip install 'voiceloop[languages]'"
    monkeypatch.setattr(module.shutil, "which", lambda name: None if name == "espeak-ng" else f"/usr/bin/{name}")
    finding = find("local languages", Origins(folder=tmp_path))
    assert finding.state.endswith("need babel, espeak-ng")
    assert finding.fix.endswith("[languages]' && sudo apt-get install espeak-ng")
    monkeypatch.setattr(module.importlib.util, "find_spec", lambda name: None)
    assert "local languages" not in {each.what for each in findings(Origins(folder=tmp_path))}


def test_wrong_settings_are_a_finding(tmp_path):
    origins = Origins(environ={"DGRID_BASE_URL": "nowhere"}, folder=tmp_path)
    assert find("settings", origins).exit_status == 3


@pytest.mark.real
def test_a_backend_is_asked_with_its_key(tmp_path, backend):
    url, _, seen = backend
    origins = Origins(environ={"DGRID_BASE_URL": url + "/dgrid/v1", "DGRID_API_KEY": "sk-1"}, folder=tmp_path)
    assert find("backend", origins).state == "reachable"
    assert find("key", origins).state == "set"
    assert seen[0] == ("/dgrid/v1/models", "Bearer sk-1")


@pytest.mark.real
def test_a_backend_without_key_is_asked_without_one(tmp_path, backend):
    url, _, seen = backend
    origins = Origins(environ={"DGRID_BASE_URL": url}, folder=tmp_path)
    assert find("backend", origins).state == "reachable"
    assert find("key", origins).state == "none; the base URL is asked without one"
    assert seen[0] == ("/v1/models", None)


@pytest.mark.real
@pytest.mark.parametrize(("status", "exit_status"), [(401, 4), (403, 4), (302, 0), (404, 0), (503, 0)])
def test_what_a_backend_answers_decides(backend, status, exit_status):
    url, statuses, seen = backend
    statuses[0] = status
    found = reach(url, "sk-1")
    assert found.exit_status == exit_status
    assert found.fix
    assert "sk-1" not in found.state
    assert len(seen) == 1


@pytest.mark.real
def test_a_backend_that_is_not_there_is_status_5(unused_tcp_port):
    found = reach(f"http://127.0.0.1:{unused_tcp_port}", None)
    assert found.exit_status == 5
    assert "cannot be reached" in found.state


@pytest.mark.real
def test_a_backend_that_speaks_no_tls_is_status_5(backend):
    assert reach(backend[0].replace("http", "https"), None).exit_status == 5


def test_a_finding_is_fine_unless_it_says_otherwise():
    assert Finding("x", "y").exit_status == 0
