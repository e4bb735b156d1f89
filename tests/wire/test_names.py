from __future__ import annotations

import pytest
from openai.types.realtime import RealtimeClientEvent, RealtimeServerEvent

from voiceloop.wire.names import AUDIO_DELTAS, BETA_TO_GA, CLIENT_TYPES, SERVER_TYPES, canonical


def types_in(union):
    """Every type string the stock client's typing knows."""
    members = union.__origin__.__args__ if hasattr(union, "__origin__") else union.__args__
    return {member.model_fields["type"].annotation.__args__[0] for member in members}


def test_every_server_type_of_the_stock_client_is_known():
    assert types_in(RealtimeServerEvent) <= SERVER_TYPES


def test_every_server_type_is_the_stock_clients_or_betas():
    assert SERVER_TYPES - types_in(RealtimeServerEvent) <= set(BETA_TO_GA)


def test_every_client_type_is_the_stock_clients_or_betas():
    assert CLIENT_TYPES - types_in(RealtimeClientEvent) == {"transcription_session.update"}
    assert types_in(RealtimeClientEvent) <= CLIENT_TYPES


@pytest.mark.parametrize(("beta", "ga"), BETA_TO_GA.items())
def test_a_beta_spelling_leads_to_the_ga_one(beta, ga):
    assert canonical(beta) == canonical(ga) == ga


def test_what_is_unknown_stays_as_it_is():
    assert canonical("ping") == "ping"


def test_audio_deltas_are_one_event_in_two_spellings():
    assert {canonical(type_) for type_ in AUDIO_DELTAS} == {"response.output_audio.delta"}
