"""The basics in other languages: what is heard reaches its tool, and what they answer is in the same language."""

from __future__ import annotations

import asyncio
import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

import voiceloop_basics
from voiceloop.errors import ToolError
from voiceloop.languages.shelf import language_for
from voiceloop.plugins import PluginContext
from voiceloop.tools.phrases import Phrasebook
from voiceloop.tools.tool import ToolContext
from voiceloop_basics import factory
from voiceloop_basics.clock import speak_date
from voiceloop_basics.wording import phrases, speak_duration, tell, wording

REGIONS = {"de": "de-DE", "es": "es-MX", "fr": "fr-CA"}
TOOLS = {
    tag: {made.name: made for made in factory({"timezone": "Europe/Berlin"}, PluginContext(language=region))}
    for tag, region in REGIONS.items()
}
BOOKS = {
    tag: Phrasebook.from_specs([made.spec() for made in tools.values()], language_for(tag))
    for tag, tools in TOOLS.items()
}
each_language = pytest.mark.parametrize("tag", REGIONS)
NOW = datetime(2026, 11, 22, 14, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("tag", "heard", "name", "arguments"),
    [
        ("de", "Wie spät ist es?", "get_time", {}),
        ("de", "Wie viel Uhr ist es?", "get_time", {}),
        ("de", "Wie spät ist es in Tokio?", "get_time", {"place": "Tokio"}),
        ("de", "Welcher Tag ist heute?", "get_date", {}),
        ("de", "Welches Datum ist morgen?", "get_date", {"day": "morgen"}),
        ("de", "Welcher Tag war gestern?", "get_date", {"day": "gestern"}),
        ("de", "Der wievielte ist heute?", "get_date", {"day": "heute"}),
        ("de", "Stelle einen Timer auf fünf Minuten.", "set_timer", {"minutes": 5}),
        ("de", "Stell mir bitte einen Timer auf 25 Minuten.", "set_timer", {"minutes": 25}),
        ("de", "Timer auf anderthalb Stunden", "set_timer", {"hours": 1.5}),
        ("de", "Stelle einen Timer auf eine halbe Stunde.", "set_timer", {"hours": 0.5}),
        ("de", "Setze einen Timer für eine Stunde und zwanzig Minuten", "set_timer", {"hours": 1, "minutes": 20}),
        ("de", "Stelle einen Timer für die Nudeln auf acht Minuten.", "set_timer", {"name": "Nudeln", "minutes": 8}),
        ("de", "Erinnere mich in zehn Minuten an den Ofen.", "remind_me", {"minutes": 10, "about": "den Ofen"}),
        ("de", "Wie lange läuft der Timer noch?", "check_timers", {}),
        ("de", "Stoppe den Timer.", "cancel_timer", {}),
        ("de", "Brich den Timer ab.", "cancel_timer", {}),
        ("de", "Wie viel ist zwölf mal sieben?", "calculate", {"expression": "zwölf mal sieben"}),
        ("de", "Was ist 20 % von 80?", "calculate", {"expression": "20 prozent von 80"}),
        ("de", "Rechne 3,5 plus 4.", "calculate", {"expression": "3.5 plus 4"}),
        ("es", "¿Qué hora es?", "get_time", {}),
        ("es", "Oye, ¿me puedes decir qué hora es?", "get_time", {}),
        ("es", "¿Qué hora es en Tokio?", "get_time", {"place": "Tokio"}),
        ("es", "¿Qué día es hoy?", "get_date", {}),
        ("es", "¿Qué fecha es mañana?", "get_date", {"day": "mañana"}),
        ("es", "¿Qué día fue ayer?", "get_date", {"day": "ayer"}),
        ("es", "¿A qué día estamos?", "get_date", {}),
        ("es", "Pon un temporizador de cinco minutos.", "set_timer", {"minutes": 5}),
        ("es", "¿Puedes poner un temporizador de 25 minutos, por favor?", "set_timer", {"minutes": 25}),
        ("es", "Temporizador de hora y media", "set_timer", {"hours": 1.5}),
        ("es", "Pon un temporizador de media hora.", "set_timer", {"hours": 0.5}),
        ("es", "Pon un temporizador de treinta y cinco minutos", "set_timer", {"minutes": 35}),
        ("es", "Pon un temporizador de una hora y veinte minutos", "set_timer", {"hours": 1, "minutes": 20}),
        ("es", "Pon un temporizador para la pasta de ocho minutos.", "set_timer", {"name": "pasta", "minutes": 8}),
        (
            "es",
            "Recuérdame en diez minutos llamar a mi madre.",
            "remind_me",
            {"minutes": 10, "about": "llamar a mi madre"},
        ),
        (
            "es",
            "Recuérdame sacar el pan dentro de diez minutos.",
            "remind_me",
            {"minutes": 10, "about": "sacar el pan"},
        ),
        ("es", "¿Cuánto tiempo queda?", "check_timers", {}),
        ("es", "¿Cuánto queda del temporizador de la pasta?", "check_timers", {"name": "pasta"}),
        ("es", "Cancela el temporizador.", "cancel_timer", {}),
        ("es", "Para el temporizador de la pasta.", "cancel_timer", {"name": "pasta"}),
        ("es", "¿Cuánto es doce por siete?", "calculate", {"expression": "doce por siete"}),
        ("es", "¿Cuánto es el 20 % de 80?", "calculate", {"expression": "el 20 por ciento de 80"}),
        ("es", "Calcula 3,5 más 4.", "calculate", {"expression": "3.5 más 4"}),
        ("fr", "Quelle heure est-il ?", "get_time", {}),
        ("fr", "Est-ce que tu peux me dire quelle heure il est ?", "get_time", {}),
        ("fr", "Quelle heure est-il au Japon ?", "get_time", {"place": "Japon"}),
        ("fr", "Quel jour sommes-nous aujourd'hui ?", "get_date", {}),
        ("fr", "Quelle est la date de demain ?", "get_date", {"day": "demain"}),
        ("fr", "C'était quel jour hier ?", "get_date", {"day": "hier"}),
        ("fr", "Quel jour est-ce après-demain ?", "get_date", {"day": "après-demain"}),
        ("fr", "Mets un minuteur de cinq minutes.", "set_timer", {"minutes": 5}),
        ("fr", "Peux-tu mettre un minuteur de 25 minutes, s'il te plaît ?", "set_timer", {"minutes": 25}),
        ("fr", "Mets un minuteur d'une heure et demie.", "set_timer", {"hours": 1.5}),
        ("fr", "Mets un minuteur d'une demi-heure.", "set_timer", {"hours": 0.5}),
        ("fr", "Mets un minuteur de trois quarts d'heure.", "set_timer", {"hours": 0.75}),
        ("fr", "Mets un minuteur de soixante-quinze minutes.", "set_timer", {"minutes": 75}),
        ("fr", "Lance un minuteur d'une heure et vingt minutes", "set_timer", {"hours": 1, "minutes": 20}),
        ("fr", "Mets un minuteur pour les pâtes de huit minutes.", "set_timer", {"name": "pâtes", "minutes": 8}),
        (
            "fr",
            "Rappelle-moi dans dix minutes d'appeler ma mère.",
            "remind_me",
            {"minutes": 10, "about": "appeler ma mère"},
        ),
        (
            "fr",
            "Rappelle-moi de sortir le pain dans dix minutes.",
            "remind_me",
            {"minutes": 10, "about": "sortir le pain"},
        ),
        ("fr", "Combien de temps reste-t-il ?", "check_timers", {}),
        ("fr", "Annule le minuteur.", "cancel_timer", {}),
        ("fr", "Arrête le minuteur des pâtes.", "cancel_timer", {"name": "pâtes"}),
        ("fr", "Combien font douze fois sept ?", "calculate", {"expression": "douze fois sept"}),
        ("fr", "Combien font 20 % de 80 ?", "calculate", {"expression": "20 pour cent de 80"}),
        ("fr", "Calcule 3,5 plus 4.", "calculate", {"expression": "3.5 plus 4"}),
    ],
)
def test_sentences_reach_their_tools(tag, heard, name, arguments):
    found = BOOKS[tag].match(heard)
    assert found is not None
    assert (found.name, found.arguments) == (name, arguments)


@pytest.mark.parametrize(
    ("tag", "heard"),
    [
        ("de", "Erzähl mir einen Witz."), ("de", "Was ist die Hauptstadt von Peru?"), ("de", "Wo ist mein Timer?"),
        ("es", "Cuéntame un chiste."), ("es", "¿Cuál es la capital de Perú?"), ("es", "¿Dónde está mi temporizador?"),
        ("fr", "Raconte-moi une blague."), ("fr", "Quelle est la capitale du Pérou ?"), ("fr", "Où est mon minuteur ?"),
    ],
)  # fmt: skip
def test_other_sentences_reach_none(tag, heard):
    assert BOOKS[tag].match(heard) is None


def here(tag, **changes):
    plain = ToolContext(announce=lambda text: None, spawn=lambda name, work: work.close(), now=lambda: NOW)
    return replace(plain, language=tag, **changes)


@pytest.mark.parametrize(
    ("tag", "name", "arguments", "answer"),
    [
        ("de", "get_time", {}, "Es ist 15:12 Uhr."),
        ("de", "get_time", {"place": "Tokio"}, "In Tokio ist es 23:12 Uhr."),
        ("de", "get_time", {"place": "Sydney"}, "In Sydney ist es 1:12 Uhr, und schon morgen."),
        ("de", "get_date", {}, "Heute ist Sonntag, der 22. November 2026."),
        ("de", "get_date", {"day": "gestern"}, "Gestern war Samstag, der 21. November 2026."),
        ("de", "calculate", {"expression": "7 mal 8"}, "Das Ergebnis ist 56."),
        ("de", "check_timers", {}, "Es läuft kein Timer."),
        ("de", "cancel_timer", {"name": "Nudeln"}, "Es läuft kein Timer."),
        ("es", "get_time", {}, "Son las 15:12."),
        ("es", "get_time", {"place": "Tokio"}, "En Tokio son las 23:12."),
        ("es", "get_time", {"place": "Sídney"}, "En Sídney es la 1:12, y allí ya es mañana."),
        ("es", "get_date", {}, "Hoy es domingo, 22 de noviembre de 2026."),
        ("es", "get_date", {"day": "ayer"}, "Ayer fue sábado, 21 de noviembre de 2026."),
        ("es", "calculate", {"expression": "siete por ocho"}, "El resultado es 56."),
        ("es", "calculate", {"expression": "quinientos treinta y cinco entre cinco"}, "El resultado es 107."),
        ("es", "calculate", {"expression": "el 20 por ciento de 80"}, "El resultado es 16."),
        ("es", "calculate", {"expression": "la mitad de 2500"}, "El resultado es 1.250."),
        ("es", "check_timers", {}, "No hay ningún temporizador en marcha."),
        ("es", "cancel_timer", {"name": "pasta"}, "No hay ningún temporizador en marcha."),
        ("fr", "get_time", {}, "Il est 15 h 12."),
        ("fr", "get_time", {"place": "Japon"}, "Japon : il est 23 h 12."),
        ("fr", "get_time", {"place": "Sydney"}, "Sydney : il est 1 h 12, et on est déjà demain."),
        ("fr", "get_date", {}, "Aujourd'hui, c'est le dimanche 22 novembre 2026."),
        ("fr", "get_date", {"day": "hier"}, "Hier, c'était le samedi 21 novembre 2026."),
        ("fr", "calculate", {"expression": "sept fois huit"}, "Le résultat est 56."),
        ("fr", "calculate", {"expression": "quatre-vingt-dix-sept moins soixante et onze"}, "Le résultat est 26."),
        ("fr", "calculate", {"expression": "20 pour cent de 80"}, "Le résultat est 16."),
        ("fr", "calculate", {"expression": "la moitié de 2500"}, "Le résultat est 1\u202f250."),
        ("fr", "check_timers", {}, "Aucun minuteur n'est en cours."),
        ("fr", "cancel_timer", {"name": "pâtes"}, "Aucun minuteur n'est en cours."),
    ],
)
async def test_the_answers_are_in_the_same_language(tag, name, arguments, answer):
    assert await TOOLS[tag][name].invoke(arguments, here(tag)) == answer


def test_the_first_of_a_month_is_an_ordinal_in_french():
    assert speak_date(datetime(2026, 5, 1, tzinfo=UTC), "fr") == "vendredi 1er mai 2026"
    assert speak_date(datetime(2026, 5, 21, tzinfo=UTC), "fr") == "jeudi 21 mai 2026"


@pytest.mark.parametrize(
    ("tag", "name", "arguments", "why"),
    [
        ("de", "get_time", {"place": "Entenhausen"}, "Die Zeitzone von Entenhausen kenne ich nicht."),
        ("de", "set_timer", {}, "Wie lange soll der Timer laufen?"),
        ("de", "set_timer", {"hours": 30}, "Ich kann höchstens 24 Stunden warten."),
        ("de", "remind_me", {"about": "den Ofen"}, "In wie vielen Minuten soll ich dich erinnern?"),
        ("es", "get_time", {"place": "Macondo"}, "No conozco la zona horaria de Macondo."),
        ("es", "set_timer", {}, "¿De cuánto tiempo quieres el temporizador?"),
        ("es", "set_timer", {"hours": 30}, "Puedo esperar como máximo 24 horas."),
        ("es", "remind_me", {"about": "el pan"}, "¿Dentro de cuántos minutos te lo recuerdo?"),
        ("es", "calculate", {"expression": "cinco entre cero"}, "No se puede dividir entre cero."),
        ("fr", "get_time", {"place": "Poudlard"}, "Je ne connais pas le fuseau horaire de Poudlard."),
        ("fr", "set_timer", {}, "Quelle durée pour le minuteur ?"),
        ("fr", "set_timer", {"hours": 30}, "Je peux attendre 24 heures au maximum."),
        ("fr", "remind_me", {"about": "le pain"}, "Dans combien de minutes dois-je vous le rappeler ?"),
        ("fr", "calculate", {"expression": "cinq divisé par zéro"}, "On ne peut pas diviser par zéro."),
    ],
)
async def test_what_is_wrong_is_said_in_the_same_language(tag, name, arguments, why):
    with pytest.raises(ToolError, match=re.escape(why)):
        await TOOLS[tag][name].invoke(arguments, here(tag))


LIVES = {
    "de": [
        "Der Timer läuft: 5 Minuten.", "Der Timer für Braten läuft: 1 Stunde.",
        "Ich erinnere dich in 1 Stunde und 30 Minuten an den Ofen.",
        ("Es laufen 3 Timer: Timer 5 Minuten, noch 5 Minuten; Timer Braten, noch 1 Stunde; "
        "Erinnerung an den Ofen, noch 1 Stunde und 30 Minuten."),
        "Timer 5 Minuten: noch 5 Minuten.", "Welchen? Es laufen Timer 5 Minuten, Timer Braten, Erinnerung an den Ofen.",
        "Timer Braten ist gelöscht.", "2 Timer sind gelöscht.",
    ],
    "es": [
        "Listo, temporizador de 5 minutos.", "Listo, temporizador de 1 hora: asado.",
        "Te lo recordaré dentro de 1 hora y 30 minutos: que me laven el coche.",
        ("Tienes 3 temporizadores: temporizador 5 minutos, todavía 5 minutos; temporizador asado, todavía 1 hora; "
        "recordatorio: que me laven el coche, todavía 1 hora y 30 minutos."),
        "Tiempo que queda, temporizador 5 minutos: 5 minutos.",
        "¿Cuál? Tienes temporizador 5 minutos, temporizador asado, recordatorio: que me laven el coche.",
        "Cancelado: temporizador asado.", "2 temporizadores cancelados.",
    ],
    "fr": [
        "J'ai lancé un minuteur de 5 minutes.", "J'ai lancé un minuteur de 1 heure : rôti.",
        "Je vous le rappellerai dans 1 heure et 30 minutes : me laver.",
        ("Vous avez 3 minuteurs : minuteur 5 minutes, encore 5 minutes; minuteur rôti, encore 1 heure; "
        "rappel : me laver, encore 1 heure et 30 minutes."),
        "Temps restant, minuteur 5 minutes : 5 minutes.",
        "Lequel ? Vous avez minuteur 5 minutes, minuteur rôti, rappel : me laver.",
        "Annulé : minuteur rôti.", "J'ai annulé 2 minuteurs.",
    ],
}  # fmt: skip
CALLED = {
    "de": ("Braten", "den Ofen", "fünf Minuten", "alle"),
    "es": ("asado", "que me laven el coche", "cinco minutos", "todos"),
    "fr": ("rôti", "me laver", "cinq minutes", "tous"),
}


@each_language
async def test_timers_from_their_start_to_their_end(tag):
    said, answers, tools = [], [], TOOLS[tag]
    roast, about, five, every = CALLED[tag]
    async with asyncio.TaskGroup() as group:
        tasks = []
        there = here(tag, announce=said.append, session_id="kitchen")
        there = replace(there, spawn=lambda name, work: tasks.append(group.create_task(work, name=name)))
        for name, arguments in (
            ("set_timer", {"minutes": 5}),
            ("set_timer", {"hours": 1, "name": roast}),
            ("remind_me", {"about": about, "minutes": 90}),
            ("check_timers", {}),
            ("check_timers", {"name": five}),
            ("cancel_timer", {}),
            ("cancel_timer", {"name": roast}),
            ("cancel_timer", {"name": every}),
        ):
            answers.append(await tools[name].invoke(arguments, there))
        for task in tasks:
            task.cancel()
    assert answers == LIVES[tag]
    assert said == []


@each_language
def test_every_sentence_of_the_tools_has_its_translation(tag):
    folder = Path(voiceloop_basics.__file__).parent
    sources = "".join(
        (folder / f"{name}.py").read_text("utf-8") for name in ("clock", "timers", "figures", "arithmetic")
    )
    used = set(re.findall(r'SumError\("([^"]+)"\)|tell\(\w+(?:\.\w+)?, "([^"]+)"', sources))
    sentences = {first or second for first, second in used}
    assert len(sentences) > 20
    assert sentences <= set(wording(tag).said)


@each_language
def test_sentences_take_the_same_values_as_the_english(tag):
    for english, told in wording(tag).said.items():
        assert set(re.findall(r"\{(\w+)", told)) - {"number", "weekday", "month", "year"} <= set(
            re.findall(r"\{(\w+)", english)
        ), english


def test_a_language_without_a_file_is_told_in_english():
    assert tell("fi", "It is {time}.", time="3 PM") == "It is 3 PM."
    assert phrases("fi", "x", ["in {LENGTH}"])[0].startswith("in [{hours} hour[s]]")
    assert phrases("de", "convert_units", ["convert it"]) == []


def test_while_the_language_is_not_known_every_language_is_understood():
    tools = factory({}, PluginContext(language="auto"))
    specs = [made.spec() for made in tools]
    for tag, heard in (
        ("en", "What time is it?"),
        ("de", "Wie spät ist es?"),
        ("es", "¿Qué hora es?"),
        ("fr", "Quelle heure est-il ?"),
    ):
        found = Phrasebook.from_specs(specs, language_for(tag)).match(heard)
        assert found is not None
        assert found.name == "get_time"


@pytest.mark.parametrize(
    ("tag", "told"),
    [
        ("de", "Morgen ist Montag, der 23. November 2026."),
        ("es", "Mañana es lunes, 23 de noviembre de 2026."),
        ("fr", "Demain, c'est le lundi 23 novembre 2026."),
    ],
)
async def test_a_day_in_english_is_told_in_the_language_of_the_conversation(tag, told):
    tools = {made.name: made for made in factory({"timezone": "Europe/Berlin"}, PluginContext(language="auto"))}
    assert await tools["get_date"].invoke({"day": "tomorrow"}, here(tag)) == told


@pytest.mark.parametrize(
    ("tag", "seconds", "spoken"),
    [
        ("de", 1, "1 Sekunde"), ("de", 300, "5 Minuten"), ("de", 5400, "1 Stunde und 30 Minuten"),
        ("de", 0.2, "1 Sekunde"),
        ("es", 1, "1 segundo"), ("es", 5400, "1 hora y 30 minutos"), ("fr", 1, "1 seconde"),
        ("fr", 5400, "1 heure et 30 minutes"),
    ],
)  # fmt: skip
def test_lengths_of_time_are_in_the_language(tag, seconds, spoken):
    assert speak_duration(seconds, tag) == spoken
