"""Three tiers under one conversation, stepped without a loop."""

from conversation import Talk
from voiceloop import commands as do
from voiceloop import events as on
from voiceloop.core import Core, Profile
from voiceloop.vocabulary import Cause, ReplyStatus, Tier, ToolCall, Traits

BOTH = Profile(tiers=(Tier.REALTIME, Tier.REST))
ALL = Profile(tiers=(Tier.REALTIME, Tier.REST, Tier.DEVICE))
HANDS_OFF = Traits(ends_turns=False, starts_replies=False)
REALTIME = on.EngineReady(Tier.REALTIME, "m", Traits(), "ga")
REST = on.EngineReady(Tier.REST, "chat", HANDS_OFF)
DEVICE = on.EngineReady(Tier.DEVICE, "brain", HANDS_OFF)
DROP = on.EngineLost(Cause.DROP, "closed with 1006")
NOBODY = on.EngineLost(Cause.UNREACHABLE, "nobody there")


def on_rest(profile=BOTH):
    """A conversation whose realtime server went away in the middle of a thought, and that REST goes on with."""
    talk = Talk(profile).user_turn("u1").heard(DROP, NOBODY, on.StandbyReady(REST)).after(0.3)
    return talk.expect(do.SwitchEngine(Tier.REST), do.Recall(1, ""), do.AskReply("ask-1"))


def answered(talk, reply_id="r1"):
    return talk.playing(reply_id, ask_id="ask-1").finished(reply_id).played(reply_id)


def test_an_engine_that_is_back_in_time_goes_on_and_the_one_that_was_prepared_is_let_go():
    talk = Talk(BOTH).user_turn().heard(DROP)
    talk.expect(do.OpenEngine(Tier.REALTIME), do.PrepareEngine(Tier.REST), do.SetDeadline("fall_back", talk.now + 1.0))
    talk.heard(on.StandbyReady(REST)).never(do.SwitchEngine)
    talk.after(0.5).heard(REALTIME).expect(do.Recall(1, ""), do.DismissEngine(Tier.REST))
    talk.after(3.0).never(do.SwitchEngine, do.PrepareEngine)
    assert talk.said("tier_changed") == []


def test_after_a_second_the_next_tier_answers_the_turn_in_hand():
    talk = Talk(BOTH).user_turn().heard(DROP, on.StandbyReady(REST))
    talk.after(0.9).never(do.SwitchEngine)
    talk.after(0.2).expect(do.SwitchEngine(Tier.REST), do.Recall(1, ""), do.AskReply("ask-1"))
    assert [(line["tier"], line["cause"]) for line in talk.said("tier_changed")] == [("rest", "drop")]
    assert len(talk.said("warning")) == 1


def test_a_server_that_refuses_is_waited_for_a_quarter_of_a_second():
    talk = Talk(BOTH).user_turn().heard(DROP, NOBODY, on.StandbyReady(REST))
    talk.after(0.2).never(do.SwitchEngine)
    talk.after(0.1).expect(do.SwitchEngine(Tier.REST))


def test_a_next_tier_that_takes_its_time_takes_over_as_soon_as_it_is_ready():
    talk = Talk(BOTH).user_turn().heard(DROP, NOBODY).after(2.0).never(do.SwitchEngine)
    talk.heard(on.StandbyReady(REST)).expect(do.SwitchEngine(Tier.REST), do.AskReply("ask-1"))


def test_the_turn_that_is_being_spoken_goes_over_with_its_name():
    talk = Talk(BOTH).heard(on.SpeechStarted("u1", 0.5)).after(1.0).heard(DROP, on.StandbyReady(REST)).after(1.1)
    talk.expect(do.SwitchEngine(Tier.REST), do.Recall(0, "u1"))
    talk.heard(on.SpeechStarted("u1", 0.5, "local"), on.SpeechStopped("u1", 2.5, "local")).expect(
        do.CommitTurn("u1", 2.5)
    )
    talk.heard(on.TurnCommitted("u1"), on.UserTranscribed("u1", "hello")).expect(do.AskReply("ask-1"))
    assert [line["text"] for line in talk.said("user_said")] == ["hello"]


def test_a_tool_that_ends_after_the_move_is_told_once_to_the_new_engine():
    talk = Talk(BOTH).user_turn().reply().heard(on.ToolCalled("r1", ToolCall("c1", "clock", "{}")))
    talk.expect(do.RunTool(ToolCall("c1", "clock", "{}")))
    talk.heard(DROP, NOBODY, on.StandbyReady(REST)).after(0.3).expect(do.SwitchEngine(Tier.REST))
    talk.heard(on.ToolFinished("c1", "ok", "noon")).expect(do.SendToolOutput("c1", "noon"), do.AskReply("ask-1"))
    talk.after(5.0).never(do.SendToolOutput, do.AskReply)


def test_the_better_tier_is_tried_every_second_and_returns_in_a_quiet_moment():
    talk = on_rest()
    began = talk.now
    talk.after(0.9).never(do.PrepareEngine)
    talk.playing("r1", ask_id="ask-1").after(0.2).expect(do.PrepareEngine(Tier.REALTIME))
    talk.heard(on.StandbyLost(Cause.UNREACHABLE, "nobody", Tier.REALTIME)).after(1.0).expect(
        do.PrepareEngine(Tier.REALTIME)
    )
    talk.heard(on.StandbyReady(REALTIME)).never(do.SwitchEngine)
    talk.finished().never(do.SwitchEngine)
    talk.played().expect(do.SwitchEngine(Tier.REALTIME), do.Recall(2, "")).never(do.AskReply)
    assert [line["tier"] for line in talk.said("tier_changed")] == ["rest", "realtime"]
    assert talk.said("tier_changed")[-1]["cause"] == "recovered"
    assert talk.now - began < 3.0


def test_a_tier_that_comes_back_while_nobody_answers_takes_over_at_once():
    talk = on_rest().after(1.1).heard(on.StandbyReady(REALTIME)).never(do.SwitchEngine)
    talk.heard(on.EngineLost(Cause.UNREACHABLE, "gone")).expect(do.SwitchEngine(Tier.REALTIME), do.AskReply("ask-2"))


def test_nothing_is_given_up_while_a_better_tier_stands_by():
    talk = on_rest(Profile(tiers=BOTH.tiers, reconnect_within_s=10.0)).after(1.1)
    talk.heard(on.ReplyStarted("r1", "ask-1"), on.StandbyReady(REALTIME)).after(12.0)
    talk.heard(NOBODY).expect(do.SwitchEngine(Tier.REALTIME))
    assert talk.said("warning")[-1]["detail"] == "nobody there; going on with realtime"


def test_when_the_second_tier_answers_the_third_stands_by():
    talk = on_rest(ALL).expect(do.PrepareEngine(Tier.DEVICE)).heard(on.StandbyReady(DEVICE)).never(do.SwitchEngine)
    lost = on.EngineLost(Cause.BUSY, "429", endpoint="speak")
    talk.heard(lost).expect(do.SwitchEngine(Tier.DEVICE), do.AskReply("ask-2")).never(do.OpenEngine)
    assert [line["tier"] for line in talk.said("tier_changed")] == ["rest", "device"]


def test_a_tier_that_failed_at_something_must_do_that_before_it_returns():
    talk = on_rest(ALL).heard(on.StandbyReady(DEVICE), on.EngineLost(Cause.BUSY, "429", endpoint="speak"))
    talk.expect(do.SwitchEngine(Tier.DEVICE))
    talk.after(1.1).expect(do.PrepareEngine(Tier.REST, "speak"))


def test_of_two_better_tiers_the_best_returns_and_the_other_is_let_go():
    talk = on_rest(ALL).heard(on.StandbyReady(DEVICE), on.EngineLost(Cause.BUSY, "429"))
    answered(talk.expect(do.AskReply("ask-2")).after(1.0), "r2")
    talk.user_turn("u2").heard(on.StandbyReady(REST), on.StandbyReady(REALTIME)).never(do.SwitchEngine)
    talk.heard(DROP).expect(do.SwitchEngine(Tier.REALTIME), do.DismissEngine(Tier.REST))


def on_device():
    """The same on the third tier, its answer heard, while both better ones are tried again."""
    talk = on_rest(ALL).heard(on.StandbyReady(DEVICE), on.EngineLost(Cause.BUSY, "429"))
    return answered(talk.expect(do.AskReply("ask-2")).after(1.1), "r2")


def test_of_two_better_tiers_that_are_back_together_the_best_returns():
    talk = on_device().heard(on.StandbyReady(REST)).never(do.SwitchEngine)
    talk.after(0.5).heard(on.StandbyReady(REALTIME)).expect(do.SwitchEngine(Tier.REALTIME))
    assert [line["tier"] for line in talk.said("tier_changed")] == ["rest", "device", "realtime"]


def test_a_better_tier_that_hangs_while_it_is_opened_keeps_the_next_best_for_a_second():
    on_device().heard(on.StandbyReady(REST)).after(1.1).expect(do.SwitchEngine(Tier.REST))


def test_a_better_tier_that_cannot_be_opened_keeps_the_next_best_no_longer():
    talk = on_device().heard(on.StandbyReady(REST)).never(do.SwitchEngine)
    talk.heard(on.StandbyLost(Cause.UNREACHABLE, "nobody", Tier.REALTIME)).expect(do.SwitchEngine(Tier.REST))


def test_a_next_tier_that_cannot_be_opened_leads_to_the_one_after_it():
    talk = Talk(ALL).user_turn().heard(DROP, NOBODY)
    talk.heard(on.StandbyLost(Cause.UNREACHABLE, "nobody", Tier.REST)).expect(do.PrepareEngine(Tier.DEVICE))
    talk.heard(on.StandbyReady(DEVICE)).after(0.3).expect(do.SwitchEngine(Tier.DEVICE), do.AskReply("ask-1"))


def test_a_next_tier_that_hangs_while_it_is_opened_is_not_waited_for_alone():
    talk = Talk(ALL).user_turn().heard(DROP, NOBODY).expect(do.PrepareEngine(Tier.REST))
    talk.after(0.9).never(do.PrepareEngine)
    talk.after(0.2).expect(do.PrepareEngine(Tier.DEVICE))
    talk.heard(on.StandbyReady(DEVICE)).expect(do.SwitchEngine(Tier.DEVICE), do.AskReply("ask-1"))
    answered(talk).heard(on.StandbyReady(REST)).expect(do.SwitchEngine(Tier.REST))


def test_where_the_next_tier_is_ready_in_time_no_other_is_opened():
    talk = Talk(ALL).user_turn().heard(DROP).heard(on.StandbyReady(REST)).after(0.5).heard(REALTIME)
    talk.after(5.0).never(do.PrepareEngine)


def test_where_no_other_tier_can_be_opened_the_first_is_waited_for():
    talk = Talk(BOTH).user_turn().heard(on.EngineLost(Cause.SLOW_MODEL, "no reply in 5 s")).never(do.OpenEngine)
    talk.heard(on.StandbyLost(Cause.UNREACHABLE, "nobody", Tier.REST))
    talk.after(0.5).expect(do.OpenEngine(Tier.REALTIME)).heard(REALTIME).expect(do.Recall(1, ""), do.AskReply("ask-1"))


def test_when_nobody_can_answer_for_too_long_it_is_over():
    talk = Talk(Profile(tiers=BOTH.tiers, reconnect_within_s=10.0)).user_turn().heard(DROP)
    began = talk.now
    while talk.ended is None and talk.now < began + 30.0:
        opened = [each for each in talk.new if isinstance(each, do.OpenEngine | do.PrepareEngine)]
        beside = on.StandbyLost(Cause.UNREACHABLE, "nobody", Tier.REST)
        refusals = [NOBODY if isinstance(each, do.OpenEngine) else beside for each in opened]
        talk = talk.heard(*refusals) if refusals else talk.after(0.1)
    assert 9.0 < talk.now - began < 12.0
    assert (talk.ended.reason, talk.ended.exit_status) == ("engine_lost_unreachable", 5)


def test_without_money_anywhere_it_is_over_at_once():
    talk = Talk(BOTH).user_turn().heard(on.EngineLost(Cause.QUOTA, "no money"))
    talk.heard(on.StandbyReady(REST)).expect(do.SwitchEngine(Tier.REST))
    talk.heard(on.EngineLost(Cause.QUOTA, "no money either"))
    assert (talk.ended.reason, talk.ended.exit_status) == ("engine_lost_quota", 5)


def test_a_reply_that_failed_twice_is_asked_of_the_next_tier():
    talk = Talk(BOTH).user_turn().heard(on.ReplyStarted("r1")).finished("r1", ReplyStatus.FAILED)
    talk.expect(do.AskReply("ask-1")).never(do.PrepareEngine)
    talk.heard(on.ReplyStarted("r2", "ask-1")).finished("r2", ReplyStatus.FAILED).expect(do.PrepareEngine(Tier.REST))
    talk.never(do.OpenEngine)
    talk.heard(on.StandbyReady(REST)).expect(do.SwitchEngine(Tier.REST), do.Recall(1, ""), do.AskReply("ask-2"))
    assert talk.said("tier_changed")[-1]["cause"] == "no_reply"


def test_a_reply_that_failed_twice_where_nobody_else_is_costs_only_its_answer():
    talk = Talk().user_turn().heard(on.ReplyStarted("r1")).finished("r1", ReplyStatus.FAILED)
    talk.heard(on.ReplyStarted("r2", "ask-1")).finished("r2", ReplyStatus.FAILED).never(do.OpenEngine)
    assert talk.said("tier_changed") == []


def test_a_reply_that_did_not_begin_twice_is_asked_of_the_next_tier():
    talk = Talk(Profile(tiers=BOTH.tiers, reply_start_s=2.0), HANDS_OFF).heard(on.TextTyped("t1", "hello"))
    talk.expect(do.AskReply("ask-1")).after(4.1).expect(do.AskReply("ask-2")).after(4.1).expect(
        do.PrepareEngine(Tier.REST)
    )
    talk.heard(on.StandbyReady(REST)).expect(do.SwitchEngine(Tier.REST), do.AskReply("ask-3"))


def test_a_reply_that_stalled_twice_in_its_midst_is_asked_of_the_next_tier_too():
    stall = on.EngineLost(Cause.SLOW_MODEL, "nothing in 3 s", endpoint="speak")
    talk = on_rest(ALL).heard(on.StandbyReady(DEVICE)).playing("r1", ask_id="ask-1").after(6.0).heard(stall)
    talk.expect(do.OpenEngine(Tier.REST)).played("r1").heard(REST).expect(do.AskReply("ask-2"))
    talk.playing("r2", ask_id="ask-2").heard(stall).expect(do.SwitchEngine(Tier.DEVICE))
    talk.played("r2").expect(do.AskReply("ask-3"))
    assert "no_reply" not in [line["code"] for line in talk.said("warning")]


def test_the_last_line_counts_the_tiers():
    talk = on_rest().after(2.0).heard(on.EndAsked("bye"))
    counted = talk.said("session_ended")[0]["tiers"]
    assert counted["moves"] == counted["outages"] == 1
    assert counted["seconds"] == {"realtime": 1.5, "rest": 2.05}


# The start -----------------------------------------------------------------------------------------------------------


def started(profile, *events):
    core = Core(profile)
    core.step(on.SessionOpened(), 1.0)
    out = []
    for event in events:
        out = core.step(event, 1.5)
        if any(isinstance(command, do.FlushPlayback) for command in out):
            out = core.step(on.PlaybackFlushed(()), 1.5)
    return out


def test_a_session_whose_first_tier_is_not_there_begins_with_the_next():
    prepared = started(ALL, NOBODY)
    assert do.PrepareEngine(Tier.REST) in prepared
    assert not any(isinstance(command, do.OpenEngine) for command in prepared)
    began = started(ALL, NOBODY, on.StandbyReady(REST))
    lines = [command for command in began if isinstance(command, do.WriteLine)]
    assert [(line.event, line.fields["tier"]) for line in lines] == [
        ("tier_changed", "rest"),
        ("session_started", "rest"),
    ]


def test_a_session_that_no_tier_can_begin_tells_what_was_wrong_with_the_first():
    refused = on.EngineLost(Cause.REFUSED, "403 not for you")
    ended = started(BOTH, refused, on.StandbyLost(Cause.UNREACHABLE, "nobody", Tier.REST))[-1]
    assert ended == do.EndSession("engine_lost_refused", 4, "403 not for you")


def test_a_wrong_key_is_told_at_once():
    ended = started(ALL, on.EngineLost(Cause.BAD_KEY, "invalid key"))[-1]
    assert ended == do.EndSession("engine_lost_bad_key", 4, "invalid key")


def hanging(profile):
    """A session whose first tier is being opened, and gives no sign."""
    core = Core(profile)
    opened = core.step(on.SessionOpened(), 1.0)
    return core, [command for command in opened if isinstance(command, do.SetDeadline)]


def test_a_session_whose_first_tier_hangs_begins_with_whoever_is_ready_first():
    core, [patience] = hanging(ALL)
    assert patience.at_s == 4.0
    due = core.step(on.DeadlinePassed(patience.name), 4.0)
    assert do.PrepareEngine(Tier.REST) in due
    others = next(each for each in due if isinstance(each, do.SetDeadline))
    assert do.PrepareEngine(Tier.DEVICE) in core.step(on.DeadlinePassed(others.name), others.at_s)
    began = core.step(on.StandbyReady(DEVICE), 6.0)
    assert do.SwitchEngine(Tier.DEVICE) in began
    changed = next(command for command in began if isinstance(command, do.WriteLine))
    assert (changed.event, changed.fields["cause"]) == ("tier_changed", "unreachable")
    probed = [each.name for each in began if isinstance(each, do.SetDeadline) and each.name == "probe_realtime"]
    assert probed == ["probe_realtime"]


def test_a_first_tier_that_is_slow_but_ready_first_begins_the_session_after_all():
    core, [patience] = hanging(BOTH)
    core.step(on.DeadlinePassed(patience.name), 4.0)
    began = core.step(REALTIME, 4.5)
    assert do.DismissEngine(Tier.REST) in began
    assert [command.event for command in began if isinstance(command, do.WriteLine)] == ["session_started"]


def test_a_wrong_key_is_told_even_by_a_first_tier_that_was_slow():
    core, [patience] = hanging(BOTH)
    core.step(on.DeadlinePassed(patience.name), 4.0)
    core.step(on.EngineLost(Cause.BAD_KEY, "invalid key"), 4.5)
    ended = core.step(on.PlaybackFlushed(()), 4.5)[-1]
    assert ended == do.EndSession("engine_lost_bad_key", 4, "invalid key")


def test_a_tier_that_is_alone_is_waited_for():
    assert hanging(Profile(tiers=(Tier.REALTIME,)))[1] == []


# Long after ----------------------------------------------------------------------------------------------------------


def probed_in_vain(talk, seconds):
    """So long nobody answers where the better tier was."""
    until = talk.now + seconds
    while talk.now < until:
        probes = [each for each in talk.after(0.1).new if isinstance(each, do.PrepareEngine)]
        talk.heard(*(on.StandbyLost(Cause.UNREACHABLE, "nobody", each.tier) for each in probes))
    return talk


def test_the_first_hiccup_of_a_tier_that_took_over_long_ago_is_not_the_end():
    talk = probed_in_vain(Talk(BOTH).heard(DROP, NOBODY, on.StandbyReady(REST)).after(1.1), 200.0)
    talk.user_turn().heard(on.EngineLost(Cause.UNREACHABLE, "nobody", endpoint="transcribe"))
    talk.expect(do.OpenEngine(Tier.REST))


def test_a_reply_that_an_engine_begins_after_it_was_given_up_is_nobodys_business():
    talk = Talk(BOTH).user_turn().heard(on.ReplyStarted("r1")).finished("r1", ReplyStatus.FAILED)
    talk.heard(on.ReplyStarted("r2", "ask-1")).finished("r2", ReplyStatus.FAILED).expect(do.PrepareEngine(Tier.REST))
    talk.user_turn("u2").heard(on.ReplyStarted("r3")).heard(on.StandbyReady(REST))
    talk.expect(do.SwitchEngine(Tier.REST), do.SealPlayback("r3"))
    talk.heard(on.PlaybackFinished("r3", ())).expect(do.AskReply("ask-2"))


def test_a_reply_that_may_call_no_more_tools_may_not_when_it_is_asked_for_again():
    talk = Talk(Profile(tiers=BOTH.tiers, tool_rounds=0)).user_turn().reply()
    talk.heard(on.ToolCalled("r1", ToolCall("c1", "clock", "{}"))).finished().played()
    talk.heard(on.ToolFinished("c1", "ok", "noon")).expect(do.AskReply("ask-1", tools_allowed=False))
    talk.heard(on.ReplyStarted("r2", "ask-1")).finished("r2", ReplyStatus.FAILED)
    talk.expect(do.AskReply("ask-2", tools_allowed=False))
    talk.heard(on.ReplyStarted("r3", "ask-2")).finished("r3", ReplyStatus.FAILED).heard(on.StandbyReady(REST))
    talk.expect(do.SwitchEngine(Tier.REST), do.AskReply("ask-3", tools_allowed=False))


def test_a_tier_that_comes_and_goes_does_not_put_off_the_try_of_a_better_one():
    talk = probed_in_vain(answered(on_rest(ALL)), 300.0)
    due_s = talk.deadlines["probe_realtime"]
    talk.heard(on.SpeechStarted("u2", 300.0), on.EngineLost(Cause.DROP, "gone"), REST)
    assert talk.deadlines["probe_realtime"] == due_s


def test_once_the_best_tier_answers_again_no_other_is_tried():
    lost = on.EngineLost(Cause.BUSY, "429", endpoint="speak")
    talk = on_rest(ALL).heard(on.StandbyReady(DEVICE), lost).after(0.3).playing("r2", ask_id="ask-2").finished("r2")
    talk.after(1.1).expect(do.PrepareEngine(Tier.REALTIME), do.PrepareEngine(Tier.REST, "speak"))
    talk.heard(on.StandbyLost(Cause.BUSY, "429", Tier.REST, "speak"), on.StandbyReady(REALTIME)).played("r2")
    talk.expect(do.SwitchEngine(Tier.REALTIME)).after(120.0).never(do.PrepareEngine)


def test_when_the_last_tier_is_lost_the_better_ones_are_tried_at_once():
    talk = probed_in_vain(answered(on_rest()), 300.0).user_turn("u2")
    talk.heard(NOBODY).expect(do.OpenEngine(Tier.REST), do.PrepareEngine(Tier.REALTIME))
    talk.heard(on.StandbyReady(REALTIME)).expect(do.SwitchEngine(Tier.REALTIME), do.AskReply("ask-3"))


def test_a_turn_that_was_handed_to_an_engine_after_it_was_given_up_is_answered_by_the_next_one():
    talk = Talk(BOTH).user_turn().heard(on.ReplyStarted("r1")).finished("r1", ReplyStatus.FAILED)
    talk.heard(on.ReplyStarted("r2", "ask-1")).finished("r2", ReplyStatus.FAILED).expect(do.PrepareEngine(Tier.REST))
    talk.user_turn("u2").heard(on.SpeechStarted("u3", talk.now - 100.0)).after(3.0)
    talk.heard(on.StandbyReady(REST)).expect(do.SwitchEngine(Tier.REST), do.Recall(2, "u3"))
    talk.heard(on.SpeechStopped("u3", 2.0, "local"), on.EngineComplained("input_audio_buffer_commit_empty", "nothing"))
    talk.expect(do.AskReply("ask-2"))


# Roll-over -----------------------------------------------------------------------------------------------------------


def rolling_over():
    """The next engine of the first tier is being opened while somebody speaks."""
    talk = Talk(Profile(tiers=BOTH.tiers, roll_over_after_s=100.0)).after(100.5).expect(do.PrepareEngine(Tier.REALTIME))
    return talk.heard(on.SpeechStarted("u1", 100.0))


def test_a_tier_that_waited_for_a_quiet_moment_has_lived_since_it_was_ready():
    talk = on_rest(Profile(tiers=BOTH.tiers, roll_over_after_s=1000.0)).playing("r1", ask_id="ask-1").after(1.1)
    came_s = talk.heard(on.StandbyReady(REALTIME)).now
    talk.finished().after(100.0).played().expect(do.SwitchEngine(Tier.REALTIME))
    assert talk.deadlines["roll_over"] == came_s + 1000.0


def test_a_fresh_engine_of_a_tier_without_money_is_of_no_use():
    talk = (
        rolling_over().heard(on.StandbyReady(REALTIME), on.EngineLost(Cause.QUOTA, "no money")).never(do.SwitchEngine)
    )
    talk.heard(on.StandbyReady(REST)).expect(do.SwitchEngine(Tier.REST), do.DismissEngine(Tier.REALTIME))


def test_an_engine_that_was_to_be_rolled_over_to_is_let_go_with_its_tier():
    talk = rolling_over().heard(on.EngineLost(Cause.NO_REPLY, "nothing"), on.StandbyReady(REST))
    talk.expect(do.SwitchEngine(Tier.REST), do.Recall(0, "u1"), do.DismissEngine(Tier.REALTIME))
    talk.after(5.1).expect(do.PrepareEngine(Tier.REALTIME))
