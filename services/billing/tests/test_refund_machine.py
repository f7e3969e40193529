"""The states of a refund: what may follow what, for all sequences of events."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.refunds.events import (
    Approved,
    Confirmed,
    Denied,
    Expired,
    Failed,
    RefundEvent,
    Requested,
    Reversed,
    Submitted,
    Succeeded,
    details,
    target,
)
from billing.refunds.machine import RELEASED, TERMINAL, StepNotAllowedError, advance
from contracts.tools.billing import RefundState

S = RefundState
EVENTS: list[RefundEvent] = [
    Requested("ch_1", "ABC123", 5000, "USD"),
    Confirmed("0" * 64, "grant"),
    Approved(("staff_kim",), 1, "R2", "One.", "v1"),
    Denied(),
    Expired(),
    Submitted("ledger"),
    Succeeded("led_1"),
    Failed("refused"),
    Reversed("led_1", "declined"),
]
sequences = st.lists(st.sampled_from(EVENTS), max_size=30)


def run(events: list[RefundEvent]) -> list[RefundState]:
    """The states that a refund goes through; what is not allowed changes nothing."""
    state: RefundState | None = None
    states = []
    for event in events:
        try:
            state = advance(state, event)
        except StepNotAllowedError:
            continue
        states.append(state)
    return states


@given(sequences)
def test_whatever_happens_each_state_is_reached_once_at_most(events: list[RefundEvent]) -> None:
    states = run(events)
    assert len(set(states)) == len(states)


@given(sequences)
def test_money_moves_only_after_the_customer_and_those_who_had_to_agreed(events: list[RefundEvent]) -> None:
    states = run(events)
    if S.SUBMITTED in states:
        assert states[:4] == [S.REQUESTED, S.CONFIRMED, S.APPROVED, S.SUBMITTED]


@given(sequences)
def test_a_refund_has_one_end_and_only_a_success_can_be_taken_back(events: list[RefundEvent]) -> None:
    states = run(events)
    ends = [state for state in states if state in TERMINAL]
    assert len(ends) <= 1 or ends == [S.SUCCEEDED, S.FAILED]
    assert states[len(states) - len(ends) :] == ends


@given(sequences)
def test_what_was_submitted_is_never_released_by_staff_or_by_time(events: list[RefundEvent]) -> None:
    states = run(events)
    if S.SUBMITTED in states:
        assert not {S.DENIED, S.EXPIRED} & set(states)


@pytest.mark.parametrize("state", [None, *S], ids=str)
@pytest.mark.parametrize("event", EVENTS, ids=lambda event: type(event).__name__)
def test_a_step_leads_to_the_events_state_or_is_refused(state: RefundState | None, event: RefundEvent) -> None:
    legal = {
        (None, Requested), (S.REQUESTED, Confirmed), (S.CONFIRMED, Approved), (S.CONFIRMED, Denied),
        (S.CONFIRMED, Expired), (S.APPROVED, Submitted), (S.SUBMITTED, Succeeded), (S.SUBMITTED, Failed),
        (S.SUCCEEDED, Reversed),
    }  # fmt: skip
    if (state, type(event)) in legal:
        assert advance(state, event) is target(event)
    else:
        with pytest.raises(StepNotAllowedError):
            advance(state, event)


@given(approvers=st.lists(st.sampled_from(["kim", "lee", "max"]), max_size=5), needed=st.integers(0, 4))
def test_approved_means_that_enough_different_people_did(approvers: list[str], needed: int) -> None:
    event = Approved(tuple(approvers), needed, "R3", "Two.", "v1")
    if len(set(approvers)) >= needed:
        assert advance(S.CONFIRMED, event) is S.APPROVED
    else:
        with pytest.raises(StepNotAllowedError, match="too few"):
            advance(S.CONFIRMED, event)


def test_each_state_is_some_events_and_the_ends_are_known() -> None:
    assert {target(event) for event in EVENTS} == set(S)
    assert {S.DENIED, S.EXPIRED, S.SUCCEEDED, S.FAILED} == TERMINAL
    assert TERMINAL - {S.SUCCEEDED} == RELEASED


def test_an_event_is_kept_as_json() -> None:
    assert details(Approved(("staff_kim",), 1, "R2", "One.", "v1")) == {
        "approvers": ("staff_kim",), "needed": 1, "clause": "R2", "sentence": "One.", "policy_version": "v1",
    }  # fmt: skip
