import pytest

from voiceloop.turn.states import (
    EAR,
    MOUTH,
    SLOT,
    Ear,
    EarTrigger,
    Mouth,
    MouthTrigger,
    Slot,
    SlotTrigger,
    advance,
)

TABLES = [(EAR, Ear, EarTrigger), (SLOT, Slot, SlotTrigger), (MOUTH, Mouth, MouthTrigger)]


@pytest.mark.parametrize(("table", "states", "triggers"), TABLES)
def test_every_state_can_be_reached_and_left(table, states, triggers):
    first = next(iter(states))
    reached = {first}
    while new := {after for (state, _), after in table.items() if state in reached} - reached:
        reached |= new
    assert reached == set(states)
    assert {state for (state, _), after in table.items() if after is not state} == set(states)


@pytest.mark.parametrize(("table", "states", "triggers"), TABLES)
def test_every_trigger_leads_somewhere(table, states, triggers):
    assert {trigger for _, trigger in table} == set(triggers)


def test_a_step_that_stands_in_no_table_is_illegal_and_changes_nothing():
    assert advance(EAR, Ear.QUIET, EarTrigger.STOPPED) is None
    assert advance(SLOT, Slot.FREE, SlotTrigger.FINISHED) is None
    assert advance(MOUTH, Mouth.QUIET, MouthTrigger.RESUME_SPEAKING) is None


def test_a_hold_that_ends_goes_back_to_what_the_mouth_was_doing():
    assert advance(MOUTH, Mouth.HELD, MouthTrigger.RESUME_SPEAKING) is Mouth.SPEAKING
    assert advance(MOUTH, Mouth.HELD, MouthTrigger.RESUME_QUIET) is Mouth.QUIET
