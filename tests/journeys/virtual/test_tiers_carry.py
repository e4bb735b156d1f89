"""What goes along when the next tier takes over: pictures, new instructions, and figures that stay true."""

from __future__ import annotations

from journeys.tier_talk import TierTalk
from journeys.virtual.test_images import shown
from voiceloop.testing.clock import virtual_time
from voiceloop.testing.faults import Refuse, Reset
from voiceloop.testing.voices import numbers_are_speech
from voiceloop.vocabulary import AssistantTurn, UserImage, UserTurn

PNG = b"\x89PNG\r\n\x1a\n" + bytes(40)


def realtime_goes(talk):
    talk.network.inject(Reset(), Refuse())


async def comes_back(talk):
    talk.network.heal()
    await talk.until(lambda: talk.tiers[-1:] == ["realtime"], 100.0)


@numbers_are_speech()
@virtual_time
async def test_a_picture_that_realtime_was_shown_is_shown_to_rest_and_to_realtime_again():
    async with TierTalk("ga") as talk:
        await talk.session.send_text("hello-a", image=PNG)
        await talk.line("agent_said")
        realtime_goes(talk)
        await talk.session.send_text("hello-b")
        await talk.line("agent_said", 2)
        kinds = [type(item) for item in talk.answering.questions[-1].question.items]
        assert kinds == [UserImage, UserTurn, AssistantTurn, UserTurn]
        await comes_back(talk)
        await talk.session.send_text("hello-c")
        await talk.line("agent_said", 3)
        assert len(shown(talk.gateway.connection)) == 1


@numbers_are_speech()
@virtual_time
async def test_instructions_that_were_changed_meanwhile_go_along():
    async with TierTalk("ga") as talk:
        await talk.session.send_text("hello-a")
        await talk.line("agent_said")
        await talk.session.update(instructions="Speak like a sailor.")
        realtime_goes(talk)
        await talk.session.send_text("hello-b")
        await talk.line("agent_said", 2)
        assert "sailor" in talk.answering.questions[-1].question.instructions
        await talk.session.update(instructions="Speak like a cook.")
        await comes_back(talk)
        await talk.session.send_text("hello-c")
        await talk.line("agent_said", 3)
        assert "cook" in str(talk.gateway.connection.session.fields)
        assert "sailor" not in str(talk.gateway.connection.session.fields)


@numbers_are_speech()
@virtual_time
async def test_the_figures_of_a_turn_that_two_tiers_dealt_with_count_from_its_last_word():
    async with TierTalk("ga") as talk:
        talk.says("hello-a", 1500)
        await talk.passes(0.8)
        realtime_goes(talk)
        await talk.line("turn_metrics")
        [metrics] = talk.said("turn_metrics")
        [spoken] = talk.said("user_speech_stopped")
        [played] = talk.said("agent_speech_started")
        assert metrics["last_speech_ms"] <= metrics["end_of_turn_ms"] <= metrics["first_audio_ms"]
        assert metrics["first_audio_ms"] <= metrics["first_played_ms"]
        waited_ms = metrics["first_played_ms"] - metrics["last_speech_ms"]
        assert abs(waited_ms - 1000 * (played["t"] - spoken["t"])) <= 40, (metrics, spoken, played)
