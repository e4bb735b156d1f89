from __future__ import annotations

from voiceloop.testing.answers import Answers
from voiceloop.testing.brain import Question
from voiceloop.testing.gateway import ScriptedGateway
from voiceloop.testing.script import Reply, Spoken
from voiceloop.testing.services import ScriptedServices

ONE, TWO, OTHER = (Reply((Spoken(text),)) for text in ("one", "two", "other"))


def never():
    raise AssertionError("nobody wants to know the question")


def test_replies_come_in_order_and_the_default_for_ever_after():
    answers = Answers((ONE,), default=OTHER)
    answers.add(TWO)
    assert answers.left == 2
    assert [answers.next(never) for _ in range(4)] == [ONE, TWO, OTHER, OTHER]
    assert answers.left == 0


def test_a_brain_is_asked_when_no_reply_is_left():
    answers = Answers((ONE,), brain=lambda question: Reply((Spoken(question.text),)))
    assert answers.next(never) == ONE
    assert answers.next(lambda: Question(text="echo")).says[0].text == "echo"


def test_servers_beside_each_other_take_from_the_same_script():
    gateway = ScriptedGateway(ONE)
    services = ScriptedServices(beside=gateway)
    services.will_reply(TWO)
    assert gateway.answers.left == 2
    assert services.answers.next(never) == ONE
    assert gateway.answers.next(never) == TWO
