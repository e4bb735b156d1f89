import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voiceloop_local.models.outputs import spoken_output


@pytest.mark.parametrize(
    ("output", "said"),
    [
        ("It is noon.", "It is noon."),
        ("order 4 leaves today", "Order 4 leaves today."),
        ("", "Done."),
        ("ok", "Done."),
        ("null", "Done."),
        ("{}", "Done."),
        ("42", "42."),
        ('"a JSON string"', "A JSON string."),
        ('"To be" is a quotation', '"To be" is a quotation.'),
        ("{curly", "{curly."),
        ('{"temp_c": 12.345, "sky": "clear", "windSpeed": null}', "Temp c is 12.35, sky is clear."),
        ('{"error": "No such city"}', "Sorry, no such city."),
        ('{"error": "GPS is off"}', "Sorry, GPS is off."),
        ('{"message": "The door is open", "code": 3}', "The door is open."),
        ('{"result": 7}', "7."),
        ('["milk", "bread", "eggs"]', "Milk, bread and eggs."),
        ('["milk"]', "Milk."),
        ("[1,2,3,4,5,6,7]", "1, 2, 3, 4, 5 and 2 more."),
        ('{"items": []}', "Nothing."),
        ('{"open": true, "locked": false}', "Open is yes, locked is no."),
        ('{"value": null}', "Nothing."),
        ('{"text": ""}', "Done."),
    ],
)
def test_outputs_become_sentences(output, said):
    assert spoken_output(output) == said


def test_long_outputs_end_at_a_sentence_or_at_least_a_word():
    assert spoken_output("This is one sentence. " * 60).count("sentence.") == 22
    assert len(spoken_output("word " * 500)) <= 501


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda v: st.lists(v) | st.dictionaries(st.text(), v),
    )
)
def test_any_json_can_be_said(value):
    assert spoken_output(json.dumps(value))


@given(st.text())
def test_any_text_can_be_said(text):
    assert spoken_output(text)
