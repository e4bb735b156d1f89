from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from voiceloop.redact import MASK, Redactor, looks_like_key, same_but_for_masks

SECRETS = {
    "an OpenAI-like key": "sk-canary1234567890",
    "a project key": "sk-proj-abc_def-1234567890",
    "a Google key": "AIzaSyA1234567890abcdefghij",
    "a GitHub token": "ghp_1234567890abcdefghij",
    "a Slack token": "xoxb-1234567890-abc",
    "an AWS key id": "AKIAIOSFODNN7EXAMPLE",
    "a JSON web token": "eyJhbGciOi.eyJzdWIiOi.c2lnbmF0dXJl",
    "a long mixed token": "0123456789abcdef0123456789abcdef",
    "an e-mail address": "jane.doe+home@mail.example.com",
    "a card number": "4111 1111 1111 1111",
    "a card number with dashes": "4111-1111-1111-1111",
    "an international phone number": "+49 (0) 30 1234567",
    "an American phone number": "(555) 123-4567",
    "a plain digit run": "5551234567",
}


@pytest.mark.parametrize("secret", SECRETS.values(), ids=SECRETS.keys())
def test_a_secret_in_a_sentence_is_hidden_whole(secret):
    text = f"I said {secret} to the agent"
    hidden = Redactor()(text)
    assert hidden.startswith("I said ")
    assert hidden.endswith(" to the agent")
    assert not any(character.isalnum() for character in hidden[7:-13])
    assert len(hidden) == len(text)


@pytest.mark.parametrize(
    "text",
    [
        "order 4711 leaves on 2026-11-22 at 18:30",
        "it costs 12.50 for 3 people",
        "skip the line, ask-me-anything",
        "the answer is 3.14159",
        "",
    ],
)
def test_ordinary_sentences_stay_as_they_are(text):
    assert Redactor()(text) == text


def test_only_the_value_of_a_named_secret_is_hidden():
    assert Redactor()("Authorization: Bearer abc.def-123") == f"Authorization: Bearer {MASK * 11}"
    assert Redactor()("api_key = 'hunter22'") == f"api_key = '{MASK * 8}'"
    assert Redactor()('{"password": "opensesame"}') == f'{{"password": "{MASK * 10}"}}'


def test_known_secrets_are_hidden_wherever_they_stand():
    redact = Redactor(["swordfish", "swordfish-two", "abc"])
    assert redact("xswordfishx") == f"x{MASK * 9}x"
    assert redact("swordfish-two") == MASK * 13
    assert redact("abc is too short to be one") == "abc is too short to be one"


def test_a_planted_key_never_survives_in_a_stream_of_pieces():
    key = "canary-0f3a9c77"
    redact = Redactor([key])
    for cut in range(1, len(key)):
        text = f"the key is {key} ok"
        first, second = text[: 11 + cut], text[11 + cut :]
        written = redact.delta("", first) + redact.delta(first, second)
        assert len(written) == len(text)
        assert key not in written
        longest = max(len(key[:n]) for n in range(len(key) + 1) if key[:n] in written)
        assert longest < 4


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("it is sk-can", "ary1234567890 ok"),
        ("mail jane@exa", "mple.com ok"),
        ("Bearer abc", "def123 ok"),
        ("call 555 123 4", "567 ok"),
    ],
)
def test_a_secret_cut_in_two_is_recognised_by_its_beginning(first, second):
    redact = Redactor()
    tail = redact.delta(first, second)
    assert not any(character.isalnum() for character in tail.removesuffix(" ok"))
    assert len(redact.delta("", first)) == len(first)


def test_an_unfinished_key_is_hidden_before_its_end_arrives():
    assert Redactor().delta("", "it is sk-can") == "it is " + MASK * 6


@given(st.text(alphabet=st.sampled_from("abk s-@.0123456789+()\nBearer:=█"), max_size=60))
@example("2026-11-22 5551234567")
def test_redacting_keeps_length_and_white_space_and_changes_nothing_the_second_time(text):
    redact = Redactor(["ab0ab", "ark s"])
    once = redact(text)
    assert len(once) == len(text)
    assert [c.isspace() for c in once] == [c.isspace() for c in text]
    assert redact(once) == once
    assert same_but_for_masks(once, text)


@given(st.text(alphabet="ask-0 1@.", max_size=30), st.text(alphabet="ask-0 1@.", max_size=30))
def test_a_piece_keeps_its_length(before, piece):
    assert same_but_for_masks(Redactor(["sk-0"]).delta(before, piece), piece)


def test_texts_are_compared_but_for_masks():
    assert same_but_for_masks("call ███", "call 555")
    assert same_but_for_masks("call 555", "call ███")
    assert not same_but_for_masks("call 555", "call 556")
    assert not same_but_for_masks("call 555", "call 5555")


def test_a_key_is_known_by_its_shape():
    assert looks_like_key("sk-abcdefgh1234")
    assert not looks_like_key("gpt-4o-realtime-preview")
