"""The policy of the switches: the strictest counts, nothing adds to a phase, and a person can always be reached."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.switches.deciding import ALWAYS_ON, Switchable, Why, mode_of, why_not
from orchestrator.switches.gates import Seen, judge
from orchestrator.switches.policy import load_phases, parse_phases
from orchestrator.switches.state import PHASE, Change, Position, Switches, Target, reading

POLICY = load_phases()
NOW = datetime(2026, 11, 23, tzinfo=UTC)
TOOLS = {
    one.name: one
    for one in (
        Switchable("get_order_status", write=False, proposed=True),
        Switchable("issue_refund", write=True, proposed=True),
        Switchable("approve_refund", write=True, proposed=False, carries_out=("issue_refund",)),
        Switchable("email_answer", write=True, proposed=False),
        Switchable("search_kb", write=False, proposed=True),
        Switchable(ALWAYS_ON, write=True, proposed=True),
    )
}
CHANNELS = ("web", "slack", "email")
REFUND = TOOLS["issue_refund"]


def off(*targets: Target, phase: str = "") -> Switches:
    return Switches(1, phase, dict.fromkeys(targets, Position.OFF))


positions = st.dictionaries(
    st.builds(Target, st.sampled_from(["", *TOOLS]), st.sampled_from(["", *CHANNELS])).filter(lambda one: one != PHASE),
    st.sampled_from(Position),
    max_size=6,
)
states = st.builds(Switches, st.just(1), st.sampled_from(["", *POLICY.phases]), positions)
tools, channels = st.sampled_from(list(TOOLS.values())), st.sampled_from(CHANNELS)


@given(states, tools, channels)
def test_a_person_can_always_be_reached_and_a_call_with_its_own_switch_off_never_runs(
    switches: Switches, tool: Switchable, channel: str
) -> None:
    assert why_not(POLICY, switches, TOOLS[ALWAYS_ON], channel) is None
    why = why_not(POLICY, switches, tool, channel)
    if tool.name != ALWAYS_ON and Position.OFF in (
        switches.position(Target(tool.name)), switches.position(Target(tool.name, channel)),
    ):  # fmt: skip
        assert why is Why.TOOL


@given(states, tools, channels, st.builds(Target, st.sampled_from(list(TOOLS)), st.sampled_from(["", *CHANNELS])))
def test_switching_one_more_thing_off_never_lets_more_run(
    switches: Switches, tool: Switchable, channel: str, target: Target
) -> None:
    fewer = Switches(2, switches.phase, {**switches.positions, target: Position.OFF})
    if why_not(POLICY, switches, tool, channel) is not None:
        assert why_not(POLICY, fewer, tool, channel) is not None


@given(states, tools, channels)
def test_an_earlier_phase_never_lets_more_run(switches: Switches, tool: Switchable, channel: str) -> None:
    allowed = [
        why_not(POLICY, Switches(1, phase, switches.positions), tool, channel) is None for phase in POLICY.phases
    ]  # fmt: skip
    assert allowed == sorted(allowed)


@given(states, tools, channels)
def test_in_shadow_mode_nothing_that_a_brain_may_propose_is_changed(
    switches: Switches, tool: Switchable, channel: str
) -> None:
    shadow = Switches(2, switches.phase, {**switches.positions, Target(channel=channel): Position.SHADOW})
    if tool.write and (tool.proposed or tool.carries_out) and tool.name != ALWAYS_ON:
        assert why_not(POLICY, shadow, tool, channel) is not None


def test_a_fresh_installation_has_everything() -> None:
    for tool in TOOLS.values():
        assert [why_not(POLICY, Switches(), tool, channel) for channel in CHANNELS] == [None] * 3
    assert why_not(POLICY, Switches(), Switchable("new_hand", write=True, proposed=True), "web") is None


def test_a_tool_can_be_off_in_one_channel_alone() -> None:
    switches = off(Target("issue_refund", "email"))
    assert why_not(POLICY, switches, REFUND, "email") is Why.TOOL
    assert why_not(POLICY, switches, REFUND, "web") is None


def test_what_carries_a_write_out_is_off_with_the_write() -> None:
    switches = off(Target("issue_refund"))
    assert why_not(POLICY, switches, TOOLS["approve_refund"], "web") is Why.TOOL
    assert why_not(POLICY, Switches(1, "tickets"), TOOLS["approve_refund"], "web") is Why.PHASE


def test_what_only_we_call_is_bound_by_its_own_switch_alone() -> None:
    assert why_not(POLICY, Switches(1, "faq"), TOOLS["email_answer"], "email") is None
    assert why_not(POLICY, off(Target(channel="email")), TOOLS["email_answer"], "email") is None
    assert why_not(POLICY, off(Target("email_answer")), TOOLS["email_answer"], "email") is Why.TOOL


@pytest.mark.parametrize(
    ("phase", "tools"),
    [("faq", {"search_kb"}), ("orders", {"search_kb", "get_order_status"}),
     ("refunds", {"search_kb", "get_order_status", "issue_refund", "approve_refund"})],
)  # fmt: skip
def test_a_phase_has_what_it_adds_and_all_before(phase: str, tools: set[str]) -> None:
    runs = {one.name for one in TOOLS.values() if why_not(POLICY, Switches(1, phase), one, "web") is None}
    assert runs - {ALWAYS_ON, "email_answer"} == tools
    assert mode_of(POLICY, Switches(1, phase), "email") is Position.OFF


def test_a_phase_that_is_in_no_file_any_more_has_the_least() -> None:
    assert POLICY.phase("gone").name == "faq"


@given(st.lists(st.tuples(st.sampled_from(["on", "off"]), st.sampled_from(list(TOOLS))), max_size=8))
def test_of_each_target_the_last_change_counts(told: list[tuple[str, str]]) -> None:
    changes = [Change(n, Target(tool), "", became, "", "kim", NOW) for n, (became, tool) in enumerate(told, 1)]
    read = reading(changes)
    assert read.version == len(told)
    for name, became in {tool: became for became, tool in told}.items():
        assert read.position(Target(name)).value == became


GATE = POLICY.phases["channels"]
GOOD = Seen(500, 100, 400, 4, 60, 2, 55, 60, 0)


def test_a_gate_is_met_when_enough_was_seen_and_little_of_it_went_wrong() -> None:
    assert judge(GATE, GOOD).unmet == ()


@pytest.mark.parametrize(
    ("seen", "unmet"),
    [
        (Seen(), ("turns", "rated answers", "refunds made")),
        (Seen(500, 151, 400, 4, 60, 2, 55, 60, 0), ("escalated turns",)),
        (Seen(500, 100, 400, 9, 60, 2, 55, 60, 0), ("tool errors",)),
        (Seen(500, 100, 400, 4, 60, 4, 55, 60, 0), ("answers rated bad",)),
        (Seen(500, 100, 400, 4, 60, 2, 55, 60, 1), ("refund errors",)),
    ],
)
def test_each_check_of_a_gate_can_shut_it(seen: Seen, unmet: tuple[str, ...]) -> None:
    assert judge(GATE, seen).unmet == unmet


def test_moving_on_enters_each_phase_between_and_moving_back_none() -> None:
    assert [one.name for one in POLICY.between("faq", "tickets")] == ["orders", "tickets"]
    assert POLICY.between("refunds", "faq") == ()


@pytest.mark.parametrize(
    "text",
    [
        "version: x\nbegins: gone\nphases: {faq: {}}",
        "version: x\nbegins: faq\nphases: {faq: {}, orders: {}}",
        "version: x\nbegins: faq\nphases: {faq: {tools: []}}",
    ],
)
def test_a_file_of_another_shape_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"begins|gate|extra"):
        parse_phases(text)
