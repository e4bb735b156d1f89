"""The whole command against a backend on real sockets; its page is compared as it is printed."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys

import pytest

from commandline.frontdoor import MODELS, backend
from voiceloop import cli
from voiceloop.commandline import doctor as module
from voiceloop.commandline import doctor_asking
from voiceloop.commandline.doctor import doctor
from voiceloop.commandline.doctor_report import Finding, State, TierFound
from voiceloop.commandline.doctor_services import Bounds
from voiceloop.commandline.probes import last_probes
from voiceloop.sources import Origins
from voiceloop.testing.gateway import ScriptedGateway
from voiceloop.testing.rest import RestAnswer
from voiceloop.vocabulary import Tier

KEY = "sk-canary-4711-abcdef"  # pragma: allowlist secret
PATIENT = Bounds(slow_s=1e9)
QUOTA = {"error": {"message": "You exceeded your current quota.", "type": "insufficient_quota", "code": None}}


@pytest.fixture(autouse=True)
def a_quiet_machine(monkeypatch):
    """What is installed here is another test's business; proxies of whoever runs the tests are nobody's."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(module, "look_around", lambda: [Finding("Python", State.OK, "3.11.7")])
    machine(monkeypatch, Finding("models", State.OK, "loaded"))


def machine(monkeypatch, *findings):
    async def check_device(settings, seed, bounds):
        return TierFound(Tier.DEVICE, findings, carries_pictures=False)

    monkeypatch.setattr(doctor_asking, "check_device", check_device)


@pytest.fixture
def examine(tmp_path, capsys):
    """Run the command; its status, and its page with every time as N."""

    def run(served, *, bounds=PATIENT, key=KEY, offline=False, as_json=False, **environ):
        given = {"DGRID_BASE_URL": served.base_url, "DGRID_API_KEY": key} if served else {}
        given["XDG_DATA_HOME"] = str(tmp_path)
        origins = Origins(environ=given | environ, folder=tmp_path)
        status = doctor(origins, offline=offline, as_json=as_json, bounds=bounds)
        printed = capsys.readouterr()
        assert KEY not in printed.out + printed.err
        page = re.sub(r"\b\d+\.\d+ s\b", "N s", printed.out)
        return status, page.replace(served.base_url, "http://server") if served else page, printed.err

    return run


PAGE = """\
This machine
  ok           Python: 3.11.7

Backend http://server
  ok           key: set by DGRID_API_KEY
  ok           models: 4 listed

Models
  realtime       gpt-realtime: best of 1 that fit; VOICELOOP_REALTIME__MODEL=ID
  transcription  whisper-1: best of 1 that fit; VOICELOOP_AGENT__MODELS__TRANSCRIPTION=ID
  chat           gpt-4o: best of 1 that fit; VOICELOOP_AGENT__MODELS__CHAT=ID
  speech         tts-1: best of 1 that fit; VOICELOOP_AGENT__MODELS__SPEECH=ID

Realtime, gpt-realtime
  ok           session: websocket N s, session.created N s, session.updated N s; dialect ga, words by whisper-1

REST, gpt-4o
  ok           transcription: heard "What time is it?" after N s
  ok           chat: answered "Hello." after N s
  ok           speech: spoke for N s after N s

This machine
  ok           models: loaded

What will happen
  talk begins: realtime answers with gpt-realtime in voice marin
  when realtime fails: REST answers with gpt-4o in voice nova
  when REST fails: this machine answers in its own voice
  when this machine fails: nothing is left: the session ends with status 5
  warning: when REST takes over, voice marin becomes voice nova; [agent.voice] rest names another
  warning: when this machine takes over, voice nova becomes its own voice; it has no other
  warning: this machine sees no pictures
"""
VOICES = {"VOICELOOP_AGENT__VOICE__REALTIME": "marin", "VOICELOOP_AGENT__VOICE__REST": "nova"}


@pytest.mark.real
def test_a_backend_that_is_well(examine):
    with backend(ScriptedGateway()) as served:
        status, page, beside = examine(served, **VOICES)
    assert page == PAGE
    assert status == 0
    assert beside == f"Asking {served.base_url}: 3 tiny billed requests; --offline makes none.\n"
    assert [request.path for request in served.rest.heard].count("/v1/models") == 1
    assert len(served.rest.heard) == 4


@pytest.mark.real
def test_how_models_answered_is_remembered(examine, tmp_path):
    with backend(ScriptedGateway(), chat=RestAnswer({"error": {"message": "boom"}}, 500)) as served:
        examine(served)
        kept = last_probes({"XDG_DATA_HOME": str(tmp_path)}, served.base_url)
    assert {model: state.split(",")[0] for model, state in kept.items()} == {
        "gpt-realtime": "ok",
        "whisper-1": "ok",
        "gpt-4o": "failed",
        "tts-1": "ok",
    }


def told(page):
    """The findings about tiers, and what follows: the lines that differ from case to case."""
    return page[page.index("\nRealtime") :].strip().splitlines()


@pytest.mark.real
def test_a_key_that_is_refused(examine):
    wrong = RestAnswer({"error": {"message": "Incorrect API key provided.", "code": "invalid_api_key"}}, 401)
    with backend(
        ScriptedGateway(key="another"), models=wrong, transcriptions=wrong, chat=wrong, speech=wrong
    ) as served:
        status, page, _ = examine(served)
    why = "the server refuses the key or the account (HTTP 401): Incorrect API key provided."
    fix = "               fix: check DGRID_API_KEY, or keep another: voiceloop login"
    assert f"  refused      models: {why}" in page
    assert told(page)[:3] == ["Realtime, gpt-realtime-2.1", f"  refused      session: {why}", fix]
    assert [line for line in told(page) if "chat:" in line] == [f"  refused      chat: {why}"]
    assert told(page)[-1] == "  nobody answers: talk ends with status 4"
    assert status == 4


@pytest.mark.real
def test_without_models_here_a_refused_key_is_the_end(examine, monkeypatch):
    machine(monkeypatch, Finding("models", State.NOT_OFFERED, "missing", "pip install 'voiceloop[local]'", 6))
    wrong = RestAnswer({"error": {"message": "no", "code": "invalid_api_key"}}, 401)
    with backend(
        ScriptedGateway(key="another"), models=wrong, transcriptions=wrong, chat=wrong, speech=wrong
    ) as served:
        status, page, _ = examine(served)
    assert status == 4
    assert told(page)[-2:] == ["What will happen", "  nobody answers: talk ends with status 4"]


@pytest.mark.real
@pytest.mark.parametrize("http_status", [402, 429])
def test_credit_that_is_used_up(examine, http_status):
    spent = RestAnswer(QUOTA, http_status)
    with backend(ScriptedGateway(), transcriptions=spent, chat=spent, speech=spent) as served:
        _, page, _ = examine(served)
    why = f"the server says that the account's credit is used up (HTTP {http_status}): You exceeded your current quota."
    assert f"  refused      chat: {why}\n               fix: top it up, or use another key\n" in page
    assert "  when realtime fails: this machine answers in its own voice" in told(page)


@pytest.mark.real
def test_a_server_without_realtime(examine):
    with backend(None) as served:
        status, page, _ = examine(served)
    why = "the server does not offer this (HTTP 404): Invalid URL (GET /v1/realtime?model=***)"
    assert told(page)[1] == f"  not offered  session: {why}"
    assert "  talk begins: REST answers with gpt-4o in voice alloy" in told(page)
    assert status == 0


@pytest.mark.real
def test_a_model_the_server_does_not_have(examine):
    gateway = ScriptedGateway()
    gateway.refuse(404)
    with backend(gateway) as served:
        _, page, _ = examine(served)
    assert told(page)[1].startswith(
        "  refused      session: the server does not have this model for this key (HTTP 404)"
    )
    assert told(page)[2].endswith("(voiceloop models --role realtime): VOICELOOP_REALTIME__MODEL=ID")


@pytest.mark.real
def test_a_chat_model_that_breaks_costs_the_tier(examine):
    with backend(ScriptedGateway(), chat=RestAnswer({"error": {"message": "boom"}}, 500)) as served:
        status, page, _ = examine(served)
    assert "  failed       chat: the server is in trouble (HTTP 500): boom" in told(page)
    assert "  ok           speech: spoke for N s after N s" in told(page)
    assert "  when realtime fails: this machine answers in its own voice" in told(page)
    assert status == 0


@pytest.mark.real
def test_speech_that_is_a_web_page(examine):
    page_of_a_proxy = RestAnswer("<html><body>Please log in</body></html>", headers={"Content-Type": "text/html"})
    with backend(ScriptedGateway(), speech=page_of_a_proxy) as served:
        _, page, _ = examine(served)
    found = next(line for line in told(page) if "speech:" in line)
    assert found.startswith("  failed       speech: the server sent an answer that cannot be read")
    assert "Please log in" in found


@pytest.mark.real
def test_a_server_that_answers_nothing_is_waited_for_so_long(examine):
    gateway = ScriptedGateway()
    gateway.ignore_upgrades()
    silent = RestAnswer(silent=True, ends="never")
    bounds = Bounds(slow_s=1e9, open_s=0.2, transcription_s=0.3, chat_s=0.2, speech_s=0.2)
    with backend(gateway, transcriptions=silent, chat=silent, speech=silent) as served:
        _, page, _ = examine(served, bounds=bounds)
    assert "  failed       session: no answer within N s" in told(page)
    assert [line for line in told(page) if "no answer within" in line][1:] == [
        f"  failed       {role}: no answer within N s" for role in ("transcription", "chat", "speech")
    ]


@pytest.mark.real
def test_slow_is_said_with_its_time(examine):
    with backend(ScriptedGateway()) as served:
        status, page, _ = examine(served, bounds=Bounds(slow_s=0.0))
    assert told(page)[1].startswith("  degraded     session: slow: websocket N s")
    assert '  degraded     chat: slow: answered "Hello." after N s' in told(page)
    assert status == 0


@pytest.mark.real
def test_nobody_there(examine, unused_tcp_port, monkeypatch):
    machine(monkeypatch, Finding("models", State.NOT_OFFERED, "missing", exit_status=6))
    with backend() as served:
        served.base_url = f"http://127.0.0.1:{unused_tcp_port}"
        status, page, _ = examine(served)
    assert status == 5
    assert told(page)[1].startswith("  failed       session: ")
    assert "DGRID_BASE_URL" in told(page)[2]


@pytest.mark.real
def test_only_the_tier_that_is_pinned_is_asked(examine):
    with backend(ScriptedGateway()) as served:
        status, page, beside = examine(served, VOICELOOP_TIERS__ENGINE="realtime")
    assert "REST" not in page
    assert beside == ""
    assert len(served.rest.heard) == 1
    assert page.endswith(
        "  talk begins: realtime answers with gpt-realtime in voice marin\n"
        "  when realtime fails: nothing is left: the session ends with status 5\n"
    )
    assert status == 0


@pytest.mark.real
def test_completions_carry_no_tools_and_no_pictures(examine):
    answer = RestAnswer({"choices": [{"text": "Hello.", "finish_reason": "stop"}]})
    with backend(ScriptedGateway()) as served:
        served.rest._script["POST /v1/completions"] = [answer]
        _, page, _ = examine(served, VOICELOOP_REST__CHAT_DIALECT="completions")
    assert "  warning: REST calls no tools in this dialect: see [rest] chat_dialect" in told(page)
    assert "  warning: REST sees no pictures" in told(page)


@pytest.mark.real
def test_offline_asks_nobody(examine):
    with backend(ScriptedGateway()) as served:
        status, page, beside = examine(served, offline=True)
    assert served.rest.heard == []
    assert not served.asked.is_set()
    assert beside == ""
    assert "  skipped      realtime: not asked: --offline" in told(page)
    assert "  when realtime fails: REST answers with openai/gpt-5.4 in voice alloy (not tried)" in told(page)
    assert status == 0


def test_without_a_key_the_embedded_gateway_is_what_talk_will_start(examine):
    status, page, beside = examine(None)
    assert status == 0
    assert beside == ""
    assert page.endswith("""
What will happen
  talk begins: the embedded gateway answers with the models of this machine; no key, no network
  when the gateway fails: this machine answers in its own voice
  when this machine fails: nothing is left: the session ends with status 5
""")


def test_a_conversation_of_this_machine_alone_needs_no_server(examine):
    status, page, beside = examine(None, VOICELOOP_TIERS__ENGINE="device", DGRID_API_KEY=KEY)
    assert (status, beside) == (0, "")
    assert (
        page
        == """\
This machine
  ok           Python: 3.11.7

This machine
  ok           models: loaded

What will happen
  talk begins: this machine answers in its own voice
  when this machine fails: nothing is left: the session ends with status 5
"""
    )


def test_without_a_key_and_without_models_nobody_answers(examine, monkeypatch):
    machine(monkeypatch, Finding("models", State.NOT_OFFERED, "missing", "pip install 'voiceloop[local]'", 6))
    status, page, _ = examine(None)
    assert status == 6
    assert page.endswith("\n  nobody answers: talk ends with status 6\n")


def test_a_wake_word_that_cannot_be_loaded_is_told(examine, tmp_path):
    status, page, _ = examine(None, VOICELOOP_AUDIO__WAKE_WORD="nabu", offline=True)
    assert status == 3
    assert "audio.wake_word = 'nabu': did you mean okay_nabu?" in " ".join(page.split())
    broken = tmp_path / "word.json"
    broken.write_text("{}")
    status, page, _ = examine(None, VOICELOOP_AUDIO__WAKE_WORD=str(broken), offline=True)
    assert status == 3
    assert "is not the .json file of a microWakeWord model" in " ".join(page.split())
    told = {"VOICELOOP_AUDIO__WAKE_WORD": "nabu", "VOICELOOP_REALTIME__TURN__DETECTION": "push_to_talk"}
    assert "nabu" not in examine(None, **told, offline=True)[1], "a key says when to listen"


def test_wrong_settings_are_told_without_what_is_secret_in_them(examine):
    status, page, _ = examine(None, DGRID_BASE_URL="ftp://me:hunter2@models.example")
    assert status == 3
    assert "hunter2" not in page
    assert "ftp://***@models.example" in page


@pytest.mark.real
def test_scripts_get_one_object(examine):
    with backend(ScriptedGateway(), chat=RestAnswer({"error": {"message": "boom"}}, 500)) as served:
        status, out, _ = examine(served, as_json=True, **VOICES)
    report = json.loads(out)
    assert out.count("\n") == 1
    assert list(report) == [
        "exit_status", "base_url", "embedded_gateway", "billed_requests", "machine", "server", "models", "tiers",
        "steps", "warnings",
    ]  # fmt: skip
    assert (report["exit_status"], report["billed_requests"], report["embedded_gateway"]) == (status, 3, False)
    assert [report["models"][role]["model"] for role in ("realtime", "transcription", "chat", "speech")] == [*MODELS]
    assert [(tier["tier"], tier["state"], tier["voice"]) for tier in report["tiers"]] == [
        ("realtime", "ok", "marin"),
        ("rest", "failed", "nova"),
        ("device", "ok", None),
    ]
    assert set(report["tiers"][1]["checks"][1]) == {"what", "state", "detail", "fix", "took_ms"}
    assert [(step["failed"], step["answers"], step["exit_status"]) for step in report["steps"]] == [
        (None, "realtime", None),
        ("realtime", "device", None),
        ("device", None, 5),
    ]
    assert [(warned["code"], warned["tier"]) for warned in report["warnings"]] == [
        ("voice_changes", "device"),
        ("pictures_lost", "device"),
    ]


@pytest.mark.real
def test_ctrl_c_ends_it(tmp_path):
    silent = RestAnswer(silent=True, ends="never")
    with backend(transcriptions=silent, chat=silent, speech=silent) as served:
        environ = {
            "DGRID_BASE_URL": served.base_url,
            "XDG_DATA_HOME": str(tmp_path),
            "PATH": "",
            "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring",
        }
        command = [sys.executable, "-m", "voiceloop", "doctor"]
        with subprocess.Popen(
            command, cwd=tmp_path, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        ) as process:
            assert served.asked.wait(60)
            process.send_signal(signal.SIGINT)
            _, complaints = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "Traceback" not in complaints


@pytest.mark.real
def test_it_is_a_command_with_an_agent_of_its_own(capsys, monkeypatch, tmp_path):
    agent = tmp_path / "agent.py"
    agent.write_text('import voiceloop\nagent = voiceloop.Agent("Be brief.", voice={"realtime": "cedar"})\n')
    monkeypatch.chdir(tmp_path)
    with backend(ScriptedGateway()) as served:
        monkeypatch.setenv("DGRID_BASE_URL", served.base_url)
        monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
        assert cli.outcome(["doctor", str(agent), "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["tiers"][0]["voice"] == "cedar"
