from __future__ import annotations

import pytest

from voiceloop_local.realtime.checks import ClientEventError, Fields, decode_base64, invalid_type


def refused(work):
    with pytest.raises(ClientEventError) as error:
        work()
    return error.value


def test_an_unknown_name_is_named():
    error = refused(lambda: Fields({"a": 1, "b": 2}, "session", ("a",)))
    assert (error.code, error.param, error.message) == (
        "unknown_parameter",
        "session.b",
        "Unknown parameter: 'session.b'.",
    )


@pytest.mark.parametrize(
    ("value", "name"), [(True, "a boolean"), (1, "an integer"), (1.5, "a number"), ("x", "a string")]
)
def test_an_object_is_wanted(value, name):
    error = refused(lambda: Fields(value, "item"))
    assert error.message == f"Invalid type for 'item': expected an object, but got {name} instead."


@pytest.mark.parametrize(("value", "name"), [([], "an array"), (None, "null"), ({}, "an object")])
def test_wrong_types_are_called_by_their_json_names(value, name):
    assert f"but got {name} instead" in invalid_type("x", "a string", value).message


@pytest.mark.parametrize(
    ("read", "code"),
    [
        (lambda f: f.require("missing"), "missing_required_parameter"),
        (lambda f: f.require("null"), "missing_required_parameter"),
        (lambda f: f.text("number", ""), "invalid_type"),
        (lambda f: f.text("text", "", at_most=2), "string_above_max_length"),
        (lambda f: f.choice("text", ("a", "b"), "a"), "invalid_value"),
        (lambda f: f.boolean("number", default=True), "invalid_type"),
        (lambda f: f.integer("number", 0, 0, 4), "invalid_value"),
        (lambda f: f.integer("number", 0, 6, 9), "invalid_value"),
        (lambda f: f.integer("yes", 0, 0, 9), "invalid_type"),
        (lambda f: f.integer("text", 0, 0, 9), "invalid_type"),
        (lambda f: f.number("text", 0, 0, 9), "invalid_type"),
        (lambda f: f.number("yes", 0, 0, 9), "invalid_type"),
        (lambda f: f.number("number", 0, 0, 1), "invalid_value"),
        (lambda f: f.listing("text", []), "invalid_type"),
        (lambda f: f.strings("text"), "invalid_type"),
        (lambda f: f.strings("crowd"), "invalid_value"),
        (lambda f: f.strings("longkey"), "invalid_value"),
        (lambda f: f.strings("longvalue"), "string_above_max_length"),
        (lambda f: f.strings("numbers"), "invalid_type"),
    ],
)
def test_wrong_values_are_refused(read, code):
    fields = Fields(
        {
            "number": 5,
            "text": "abc",
            "null": None,
            "yes": True,
            "crowd": {str(n): "" for n in range(17)},
            "longkey": {"k" * 65: ""},
            "longvalue": {"k": "v" * 513},
            "numbers": {"k": 1},
        },
        "x",
    )
    error = refused(lambda: read(fields))
    assert error.code == code
    assert error.param.startswith("x.")


def test_right_values_and_defaults_are_read():
    fields = Fields({"n": 5, "f": 0.5, "t": "a", "b": False, "l": [1], "m": {"k": "v"}}, "")
    assert fields.integer("n", 0, 5, 5) == fields.number("n", 0, 0, 9) == 5
    assert fields.number("f", 0, 0, 1) == 0.5
    assert fields.choice("t", ("a",), "b") == fields.require("t") == fields.get("t") == "a"
    assert fields.boolean("b", default=True) is False
    assert (fields.listing("l", []), fields.strings("m"), fields.strings("none")) == ([1], {"k": "v"}, None)
    assert "n" in fields
    assert "z" not in fields
    assert (fields.integer("z", 3, 0, 9), fields.text("z", "d"), fields.get("z")) == (3, "d", None)


def test_base64_is_standard_and_padded():
    assert decode_base64("AAE=", "audio") == b"\x00\x01"
    for wrong in ("AAE", "A-_=", "AA\nE=", "ü"):
        assert refused(lambda wrong=wrong: decode_base64(wrong, "audio")).param == "audio"
