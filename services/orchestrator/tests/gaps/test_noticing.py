"""Which turn leaves a gap, what is kept of it, and that nobody can be read in it."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from contracts.errors import ErrorClass
from contracts.turn import Outcome, Refusal
from orchestrator.gaps.noticing import MAX_QUESTION, GapReason, disliked, noticed
from orchestrator.guard.vault import Vault
from orchestrator.turn.inputs import PlannedCall
from orchestrator.turn.state import Observed, TurnState

PAGE = {"title": "Caring for wood", "url": "https://shop.example/help/wood", "text": "Oil the handle."}


def search(*, answerable: bool, **changes: Any) -> Observed:
    output = {"passages": [PAGE], "strength": 0.12, "gap": 0.05, "cover": 0.4, "answerable": answerable} | changes
    return Observed(PlannedCall(tool="search_kb", arguments={"query": "q"}, args_hash="1", label=""), output)


def order(order_id: str = "5678") -> Observed:
    call = PlannedCall(tool="get_order_status", arguments={"order_id": order_id}, args_hash="2", label="")
    return Observed(call, {"order_id": order_id, "status": "shipped"})


def turn(*observed: Observed, text: str = "Do you sharpen axes?") -> TurnState:
    return TurnState(text=text, observed=observed)


def test_a_search_without_an_answer_leaves_the_question_its_numbers_and_the_nearest_page() -> None:
    gap = noticed(turn(search(answerable=False)), "not_in_knowledge_base")
    assert gap is not None
    assert (gap.question, gap.reason) == ("Do you sharpen axes?", GapReason.NOT_ANSWERABLE)
    assert (gap.strength, gap.gap, gap.cover) == (0.12, 0.05, 0.4)
    assert (gap.page_title, gap.page_url) == (PAGE["title"], PAGE["url"])


@pytest.mark.parametrize(
    ("observed", "refusal", "reason"),
    [
        ((), None, None),
        ((order(),), None, None),
        ((search(answerable=True),), None, None),
        ((search(answerable=False), search(answerable=True)), None, None),
        ((search(answerable=False), order()), None, None),
        ((order(), search(answerable=False)), None, GapReason.NOT_ANSWERABLE),
        ((search(answerable=False),), None, GapReason.NOT_ANSWERABLE),
        ((search(answerable=False, passages=[]),), "not_in_knowledge_base", GapReason.NOT_ANSWERABLE),
        ((search(answerable=True),), "unsupported", GapReason.UNSUPPORTED),
        ((search(answerable=True),), "withheld", None),
        ((order(),), "unsupported", None),
    ],
)
def test_a_turn_is_a_gap_when_its_answer_rests_on_a_search_that_has_none(
    observed: tuple[Observed, ...], refusal: Refusal | None, reason: GapReason | None
) -> None:
    gap = noticed(turn(*observed), refusal)
    assert (gap and gap.reason) == reason


@pytest.mark.parametrize(
    ("refusal", "reason"), [(None, GapReason.UNSUPPORTED), ("unsupported", GapReason.UNSUPPORTED), ("withheld", None)]
)
def test_what_the_brain_does_not_find_in_pages_that_looked_right_is_a_gap_but_not_what_is_withheld(
    refusal: Refusal | None, reason: GapReason | None
) -> None:
    gap = noticed(replace(turn(search(answerable=True)), outcome=Outcome.REFUSED), refusal)
    assert (gap and gap.reason) == reason


def test_a_search_that_failed_says_nothing_about_the_knowledge_base() -> None:
    failed = replace(search(answerable=False), output=None, error_class=ErrorClass.TIMEOUT, error_code="timeout")
    assert noticed(turn(failed), None) is None


def test_a_thumb_counts_only_for_answers_from_the_knowledge_base() -> None:
    assert disliked(turn(order())) is None
    gap = disliked(turn(search(answerable=True), order()))
    assert gap is not None
    assert gap.reason is GapReason.THUMBS_DOWN


def test_no_personal_data_is_kept(new_vault: Callable[..., Vault]) -> None:
    text = (
        "I am Ada Moreno, ada@example.com, +49 30 1234567, card 4242 4242 4242 4242, order 5678.\n"
        "ADA asks: https://shop.example/i?token=s3cret99 do you sharpen axes?"
    )
    vault = new_vault(names=("Ada Moreno",))
    gap = noticed(turn(order("5678"), search(answerable=False), text=vault.mask(text)), "not_in_knowledge_base")
    assert gap is not None
    for secret in ("Ada", "ADA", "Moreno", "example.com", "1234567", "4242", "5678,", " 5678", "s3cret99"):
        assert secret not in gap.question
    assert gap.question.endswith("do you sharpen axes?")
    assert "<email>" in gap.question


@pytest.mark.parametrize("text", ["", "???", "\u200b", "\U0001f600 !"])
def test_what_has_no_word_is_no_question(text: str) -> None:
    assert noticed(turn(search(answerable=False), text=text), "not_in_knowledge_base") is None


def test_what_is_kept_is_bounded() -> None:
    gap = noticed(
        turn(search(answerable=False, passages=[PAGE | {"title": "x" * 900}]), text="w " * 900), "not_in_knowledge_base"
    )
    assert gap is not None
    assert len(gap.question) <= MAX_QUESTION
    assert len(gap.page_title) <= 300
