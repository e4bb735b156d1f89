"""A language as data: the form that every file in `data/` has, and the reader that refuses any other.

Patterns are regular expressions, matched without regard to case. Words stand in lower case.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import msgspec

from voiceloop.errors import SettingsError

__all__ = ["Heard", "Language", "Numbers", "Rule", "Said", "Sentences", "Speech", "Talk", "Words", "parse_language"]

Words_ = tuple[str, ...]
Rewrite = tuple[str, str]
"""A pattern and its replacement."""


class Form(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A table of a data file."""


class Sentences(Form, frozen=True):
    """How text is cut into sentences and clauses."""

    spaced: bool
    """Words are separated by spaces."""
    char_ms: int
    """How long a character takes to say, about."""
    ends: str = ".!?…"
    """Marks that end a sentence before white space. Those of `sentences.SURE_ENDS` end one anywhere."""
    closers: str = ""
    """Quotation marks that close here and open elsewhere."""
    abbreviations: frozenset[str] = frozenset()
    """What a full stop belongs to without ending anything, written without its last full stop."""
    single_letters: frozenset[str] = frozenset()
    """Letters that are words; any other single letter before a full stop is an initial."""
    after_ordinals: frozenset[str] = frozenset()
    """Words before which a number with a full stop is an ordinal; empty where ordinals have none."""
    conjunctions: Words_ = ()
    """Words that begin a clause after a comma."""
    breaks: Words_ = ()
    """Words a long clause may be cut before without a comma."""


class Words(Form, frozen=True):
    """Whole utterances by what they do, and words to look through or past."""

    yes: Words_
    no: Words_
    stop: Words_
    """Ends what the agent is saying or doing."""
    backchannels: Words_
    """Signs of listening that ask for nothing."""
    pauses: Words_
    """At the end of an utterance: more is to come."""
    openers: frozenset[str] = frozenset()
    """First words of a clause that is no sentence without another one: if, to, when."""
    ignored: Words_ = ()
    """Adds nothing to any of these: please."""
    common: Words_ = ()
    """Frequent short words by which a written text is known to be in this language."""
    joiners: Words_ = ()
    """Between two wishes in one breath."""


class Heard(Form, frozen=True):
    """How recognition's text is brought into one form before it is compared with phrases."""

    hesitations: str = ""
    openings: str = ""
    """Courtesy before a request."""
    closings: str = ""
    rewrites: tuple[Rewrite, ...] = ()
    variants: tuple[Rewrite, ...] = ()
    """Applied together they give a second reading, tried beside the first."""
    templates: tuple[Rewrite, ...] = ()
    """Applied to phrases themselves, so that they match more."""
    indirect: str = ""
    """A polite question: groups `asks`, `whom`, `verb` and `rest` make the direct one, in the order asks verb whom."""
    true: Words_ = ()
    """What fills a slot that is on or off."""
    false: Words_ = ()
    invented: Words_ = ()
    """What Whisper writes when it hears noise; normalised."""


class Numbers(Form, frozen=True):
    """Number words."""

    digits: Words_
    """The names of 0 to 9."""
    decimal: str = "."
    """The mark before the fraction, and `group` between thousands, as they are written."""
    group: str = ","
    ones: Mapping[str, int] = msgspec.field(default_factory=dict)
    """All words below twenty."""
    tens: Mapping[str, int] = msgspec.field(default_factory=dict)
    hundreds: frozenset[str] = frozenset()
    scales: Mapping[str, int] = msgspec.field(default_factory=dict)
    fractions: Mapping[str, Fraction] = msgspec.field(default_factory=dict)
    bare_fractions: frozenset[str] = frozenset()
    """Fractions that need no count: half."""
    values: Mapping[str, Fraction] = msgspec.field(default_factory=dict)
    """Words that are a number of their own kind: one and a half."""
    articles: frozenset[str] = frozenset()
    signs: frozenset[str] = frozenset()
    more_digits: Mapping[str, int] = msgspec.field(default_factory=dict)
    """Other names of digits, in numbers read out digit by digit."""
    joint: str = ""
    """And."""
    point: str = ""
    of: str = ""
    couples: Words_ = ()
    half_dozens: Words_ = ()
    dozens: frozenset[str] = frozenset()
    glued: bool = False
    """A number is one word, its unit before its ten with `joint` between: five-and-twenty."""
    one: str = ""
    """What is meant before a scale that stands alone; empty where a scale needs a count."""


class Rule(Form, frozen=True):
    """A pleasantry and its answer."""

    said: str
    """The whole utterance, normalised."""
    answer: str


class Talk(Form, frozen=True):
    """What the brain on this machine understands by itself; all patterns take the whole normalised utterance."""

    rewrites: tuple[Rewrite, ...] = ()
    """What brings an utterance into the form the rules are written in."""
    ignored: str = ""
    rules: tuple[Rule, ...] = ()
    help: str = ""
    repeat: str = ""
    who: str = ""
    name: str = ""
    """Finds the agent's name, group 1, in its instructions; matched with regard to case."""
    verbs: frozenset[str] = frozenset()
    """First words of a tool's purpose after which it can follow "I can"."""
    samples: Mapping[str, str] = msgspec.field(default_factory=dict)
    """What a slot is filled with in an example, by JSON type; `string` for any other."""
    questions: str = ""
    """How a phrase begins that asks."""
    requests: Words_ = ()
    """Sentences that recognition should expect beside the phrases of tools."""
    farewells: Words_ = ()
    """Phrases of the tool that ends the conversation."""


class Said(Form, frozen=True):
    """Built-in sentences and the words they are put together from."""

    greeting: str
    farewell: str
    """The last word of a conversation."""
    not_heard: str
    nothing_said_yet: str
    partly: str
    """Some of what was asked for cannot be done."""
    can: str
    """{abilities}."""
    can_nothing: str
    cannot: str
    """{abilities}."""
    cannot_anything: str
    ability: str
    """{sample}, to follow `can`."""
    named: str
    """{name}."""
    unnamed: str
    no_answer: str
    """The chat server does not answer."""
    poor: str
    """The conversation goes on, but not as well. This and the next three are recorded by `scripts/make_notices`."""
    lost: str
    """Nobody can answer for the moment."""
    moment: str
    """The answer takes a while."""
    unavailable: str
    """Nobody will answer; the last word of a conversation that cannot go on."""
    done: str
    sorry: str
    """{why}."""
    field: str
    """{name} and {value} of one thing a tool returned."""
    more: str
    """{count} that were left out."""
    nothing: str
    yes: str
    no: str
    last_and: str
    """What joins the last of several things, spaces included."""
    last_or: str
    comma: str
    stop: str
    """Ends a sentence that has no end, and `question` one that asks."""
    question: str
    speak: str
    """Tells a model which language to answer in."""
    before_question: str = ""
    """The mark that a question begins with."""


class Speech(Form, frozen=True):
    """How text is read aloud."""

    voice: str
    """The name of espeak-ng's voice."""
    words_a_minute: int = 165
    abbreviations: tuple[Rewrite, ...] = ()
    dot: str = " dot "
    """What marks in addresses are called, spaces included."""
    dash: str = " dash "
    underscore: str = " underscore "
    colon: str = " colon "
    at: str = " at "
    link: str = "a link"
    """Stands for an address that is too long to be said."""
    oblique: frozenset[str] = frozenset()
    """Words after which an ordinal takes `oblique_ending`."""
    oblique_ending: str = ""
    minus: str = "minus"
    """What stands for the sign of a negative number."""
    date_mark: str = ""
    """The mark in 22/11/2026, the day first; empty where dates are not written so."""
    written: tuple[Rewrite, ...] = ()
    """Applied before figures are put into words: 15h12 is 15:12."""
    agreements: tuple[Rewrite, ...] = ()
    """Applied after that, where a number agrees with its noun: una libra, not un libra."""
    time: str = ""
    """A time of day from {hour} and {minute}; empty where it can be read as it is written."""
    full_hour: str = ""
    clock: str = ""
    """The word for o'clock, which a written time may bring along."""
    singular: tuple[Rewrite, ...] = ()
    """Applied to one of a unit: an hour, not one hours."""
    currencies: Mapping[str, str] = msgspec.field(default_factory=dict)
    """ISO 4217 code by sign or name."""
    units: Mapping[str, str] = msgspec.field(default_factory=dict)
    """CLDR unit by its short written form."""


class Language(Form, frozen=True, eq=False):
    """Everything that is different in another language. Compared by identity: there is one object of each."""

    tag: str
    """BCP 47 primary subtag."""
    name: str
    """In English."""
    sentences: Sentences
    words: Words
    numbers: Numbers
    said: Said
    speech: Speech
    heard: Heard
    talk: Talk
    also: Words_ = ()
    """Other primary subtags for it."""


# msgspec looks at a type when it first needs it, and two threads that do so at once crash the process.
msgspec.json.Decoder(Language)


def parse_language(text: str, name: str) -> Language:
    """Read the text of a data file called `name`. Raises SettingsError that names the file and the first fault."""
    try:
        return msgspec.convert(tomllib.loads(text), Language, dec_hook=_fraction)
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"language file {name} is no TOML: {error}") from error
    except msgspec.ValidationError as error:
        raise SettingsError(f"language file {name}: {error}") from error


def _fraction(_: type, written: Any) -> Fraction:  # noqa: ANN401 - whatever a file holds
    """The only kind of value that msgspec does not know; it tells where a ValueError came from."""
    return Fraction(written)
