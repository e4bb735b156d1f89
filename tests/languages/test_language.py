"""The data files themselves: whole, of one form, and with patterns that work."""

from __future__ import annotations

import re
import string
from importlib import resources

import pytest

from voiceloop.errors import SettingsError
from voiceloop.languages.language import Said, parse_language
from voiceloop.languages.shelf import english, known_languages, language_for

LANGUAGES = [language_for(tag) for tag in known_languages()]
each_language = pytest.mark.parametrize("language", LANGUAGES, ids=lambda language: language.tag)
TEXT = resources.files("voiceloop.languages").joinpath("data", "en.toml").read_text("utf-8")


def test_a_file_that_is_no_toml_is_named():
    with pytest.raises(SettingsError, match=r"language file xx.toml is no TOML: Invalid value"):
        parse_language("tag = ", "xx.toml")


def test_an_unknown_name_is_named_with_its_place():
    with pytest.raises(SettingsError, match=r"language file en.toml: .*unknown field `yess` - at `\$.words`"):
        parse_language(TEXT.replace("\nyes = [\n", "\nyess = []\nyes = [\n", 1), "en.toml")


def test_a_value_of_the_wrong_kind_is_named_with_its_place():
    with pytest.raises(SettingsError, match=r"language file en.toml: .* - at `\$.sentences.char_ms`"):
        parse_language(TEXT.replace("char_ms = 55", 'char_ms = "long"'), "en.toml")


def test_a_fraction_that_is_none_is_named_with_its_place():
    with pytest.raises(SettingsError, match=r"language file en.toml: .* - at `\$.numbers.fractions"):
        parse_language(TEXT.replace('half = "1/2"', 'half = "a lot"'), "en.toml")


def places(text):
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


@each_language
def test_built_in_sentences_name_the_same_values_in_every_language(language):
    for name in Said.__struct_fields__:
        assert places(getattr(language.said, name)) == places(getattr(english().said, name)), name


@each_language
def test_every_pattern_can_be_matched(language):
    heard, talk = language.heard, language.talk
    single = [heard.hesitations, heard.openings, heard.closings, heard.indirect, talk.help, talk.repeat, talk.who]
    rewrites = [*heard.rewrites, *heard.variants, *heard.templates, *talk.rewrites, *language.speech.abbreviations]
    rewrites += language.speech.singular
    for pattern in [*single, talk.name, talk.ignored, talk.questions, *(rule.said for rule in talk.rules)]:
        re.compile(f"(?:{pattern})")
    for pattern, replacement in rewrites:
        re.compile(pattern).sub(replacement, "a")  # a reference to a group that is not there raises when it is used
        groups = {int(number) for number in re.findall(r"\\(\d)", replacement)}
        assert max(groups, default=0) <= re.compile(pattern).groups


@each_language
def test_words_stand_in_lower_case_and_once(language):
    words = language.words
    for group in (words.yes, words.no, words.stop, words.backchannels, words.pauses, words.ignored, words.common):
        assert group
        assert len(set(group)) == len(group)
        assert all(word == word.lower() for word in group)


@each_language
def test_yes_and_no_have_no_word_in_common(language):
    assert not set(language.words.yes) & set(language.words.no)


@each_language
def test_ten_digits_have_their_values(language):
    assert len(language.numbers.digits) == 10
    assert [language.numbers.ones[word] for word in language.numbers.digits] == list(range(10))


@each_language
def test_a_polite_question_has_the_groups_that_turn_it_round(language):
    if language.heard.indirect:
        assert {"asks", "whom", "verb", "rest"} <= set(re.compile(language.heard.indirect).groupindex)


@each_language
def test_times_and_currencies_can_be_put_in(language):
    speech = language.speech
    assert places(speech.time) <= {"hour", "minute"}
    assert all(re.fullmatch("[A-Z]{3}", code) for code in speech.currencies.values())
    assert speech.voice
