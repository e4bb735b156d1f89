from __future__ import annotations

import importlib.util

import pytest

from journeys.real.talking import KEY, GatewayProcess, Journey, Stage

GERMAN = {"VOICELOOP_AGENT__LANGUAGE": "de", "VOICELOOP_PLUGINS__BASICS__TIMEZONE": "Europe/Berlin"}
DIALECTS = ("openai", "responses", "claude", "gemini")


def over_rest(speech, brain="local", **settings):
    environ = {f"VOICELOOP_REST__{name.upper()}": value for name, value in settings.items()}
    return Journey(speech, brain, ("--engine", "rest"), environ)


JOURNEYS = {
    "time": Journey("time_question.wav"),
    "time_espeak": Journey("time_question_b.wav"),
    "timer": Journey("timer.wav"),
    "timer_espeak": Journey("timer_c.wav"),
    "two_questions": Journey("two_questions.wav"),
    "own_gateway": Journey("hello.wav", "own"),
    "silence": Journey("silence.wav", "scripted"),
    "interruption": Journey("interruption.wav", "scripted"),
    "cough": Journey("cough.wav", "scripted"),
    "beta": Journey("time_question.wav", flags=("--dialect", "beta")),
    "ga": Journey("time_question_c.wav", flags=("--dialect", "ga")),
    "beta_interruption": Journey("interruption.wav", "scripted", flags=("--dialect", "beta")),
    "ulaw": Journey("timer.wav", environ={"VOICELOOP_AUDIO__FORMAT": "g711_ulaw"}),
    "alaw": Journey("time_question.wav", environ={"VOICELOOP_AUDIO__FORMAT": "g711_alaw"}),
    "ulaw_interruption": Journey("interruption.wav", "scripted", environ={"VOICELOOP_AUDIO__FORMAT": "g711_ulaw"}),
    "manual": Journey("time_question.wav", environ={"VOICELOOP_REALTIME__TURN__DETECTION": "manual"}),
    "semantic": Journey("timer.wav", environ={"VOICELOOP_REALTIME__TURN__DETECTION": "semantic_vad"}),
    **{f"rest_{name}": over_rest("two_questions.wav", chat_dialect=name) for name in DIALECTS},
    **{f"rest_{name}_interruption": over_rest("interruption.wav", "scripted", chat_dialect=name) for name in DIALECTS},
    "device": Journey("two_questions.wav", "none", ("--engine", "device")),
    "rest_completions": over_rest("hello.wav", "scripted", chat_dialect="completions"),
    "rest_listener": over_rest("time_question.wav", chat_dialect="gemini", listener="chat"),
    "german": Journey("de_time.wav", environ=GERMAN),
    "german_timer": Journey("de_timer.wav", environ=GERMAN),
    "german_beta": Journey("de_two_questions.wav", flags=("--dialect", "beta"), environ=GERMAN),
    "german_guessed": Journey("de_two_questions.wav", "own", environ=GERMAN | {"VOICELOOP_AGENT__LANGUAGE": "auto"}),
}

LONG = {
    *("time_espeak", "timer_espeak", "ga", "alaw", "semantic", "beta_interruption", "ulaw_interruption"),
    *("rest_responses", "rest_claude", "rest_responses_interruption", "rest_claude_interruption"),
    *("rest_gemini_interruption", "german_timer", "german_guessed"),
}
"""Each is much like another one, so they are held before something lands and not every day."""


def on(*names):
    """Run a test on these conversations: `held` is each of them."""
    params = [pytest.param(name, marks=[pytest.mark.long] if name in LONG else []) for name in names]
    return pytest.mark.parametrize("held", params, indirect=True)


def need_models():
    missing = [name for name in ("ctranslate2", "hibari", "hassil") if importlib.util.find_spec(name) is None]
    if missing:
        pytest.skip(f"conversations need the models of voiceloop[local]; missing: {', '.join(missing)}")


@pytest.fixture(scope="session")
def gateways(tmp_path_factory):
    """One gateway for each brain, shared by every conversation."""
    need_models()
    home = tmp_path_factory.mktemp("gateways")
    with GatewayProcess("local", home) as local, GatewayProcess("scripted", home) as scripted:
        yield {"local": local.base_url, "scripted": scripted.base_url}


@pytest.fixture(scope="session")
def stage(gateways, tmp_path_factory, request):
    """Conversations that several tests look at. All of them are begun when the first one is wanted."""
    stage = Stage(gateways, tmp_path_factory.mktemp("journeys"))
    for item in request.session.items:
        callspec = getattr(item, "callspec", None)
        for name in [] if callspec is None else [callspec.params.get("held")]:
            if name is not None:
                stage.begin(name, JOURNEYS[name])
    yield stage
    stage.close()


@pytest.fixture
def held(stage, request):
    """The conversation that the test names with `on`."""
    stage.begin(request.param, JOURNEYS[request.param])
    return stage.held(request.param)


@pytest.fixture(scope="session")
def transcribe():
    """Turns samples at 24 kHz into words, with the models on this machine."""
    need_models()
    from voiceloop_local.models.stt import Recogniser  # noqa: PLC0415 - where the packages are missing, these tests are skipped

    recogniser = Recogniser()

    def words_in(samples, rate_hz=24_000):
        return recogniser.transcribe(samples.astype("<i2").tobytes(), rate_hz)

    return words_in


@pytest.fixture
def key_file(tmp_path):
    path = tmp_path / "key"
    path.write_text(KEY)
    return path
