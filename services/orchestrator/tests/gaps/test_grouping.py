"""Questions to groups: same topic together, the same groups every time, small talk left out, and fast."""

import random
import time
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from orchestrator.gaps.grouping import EmbedNow, Group, grouped, heads_of
from orchestrator.gaps.noticing import GapReason
from orchestrator.gaps.policy import GapPolicy, load_gap_policy
from orchestrator.gaps.store import MOST_QUESTIONS, Question
from servicekit.embedding import QuickEmbedder

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
AXES = ("Do you sharpen axes?", "Can I have my axe sharpened?", "axes sharpening service?", "do you sharpen AXES")
CANOES = ("Do you sell canoes?", "Are canoes in your range?")
POINTS = ("Do you have loyalty points?", "Is there a loyalty programme with points?")


@pytest.fixture(scope="module")
def embedder() -> EmbedNow:
    return QuickEmbedder.load()


@pytest.fixture(scope="module")
def policy() -> GapPolicy:
    return load_gap_policy()


def question(number: int, text: str, customer: str = "", **changes: object) -> Question:
    told: dict[str, object] = {
        "turn_id": f"trn_{number:032x}", "text": text, "customer": customer or f"c{number}", "channel": "web",
        "reason": GapReason.NOT_ANSWERABLE, "strength": 0.1, "cover": 0.2, "page_title": "", "page_url": "",
        "asked_at": START + timedelta(minutes=number), "open": True, "dismissed": False,
    }  # fmt: skip
    return Question(**(told | changes))  # type: ignore[arg-type]


def asked(*texts: str, customer: str = "") -> list[Question]:
    return [question(number, text, customer) for number, text in enumerate(texts)]


def together(groups: tuple[Group, ...]) -> set[frozenset[str]]:
    return {frozenset(one.text for one in group.questions) for group in groups}


def test_questions_about_one_thing_are_one_group(embedder: EmbedNow, policy: GapPolicy) -> None:
    found = grouped(asked(*AXES, *CANOES, *POINTS), START, embedder, policy)
    assert together(found.groups) == {frozenset(AXES), frozenset(CANOES), frozenset(POINTS)}


def test_the_order_of_the_rows_changes_nothing(embedder: EmbedNow, policy: GapPolicy) -> None:
    rows = asked(*AXES, *CANOES, *POINTS)
    first = grouped(rows, START, embedder, policy)
    for seed in range(5):
        random.Random(seed).shuffle(rows)
        assert grouped(rows, START, embedder, policy) == first


def test_a_new_question_moves_no_older_one(embedder: EmbedNow, policy: GapPolicy) -> None:
    rows = asked(*CANOES, *AXES, *POINTS, "Is a canoe sharpened at your place?", "points for canoes")
    for end in range(2, len(rows)):
        before = {one.turn_id: group.id for group in grouped(rows[:end], START, embedder, policy).groups
                  for one in group.questions}  # fmt: skip
        after = {one.turn_id: group.id for group in grouped(rows[: end + 1], START, embedder, policy).groups
                 for one in group.questions}  # fmt: skip
        assert before.items() <= after.items()


def test_most_customers_come_first_then_the_latest(embedder: EmbedNow, policy: GapPolicy) -> None:
    rows = [
        *(question(number, CANOES[0], "ada") for number in range(9)),
        *(question(20 + number, AXES[0]) for number in range(2)),
        question(30, POINTS[0], "ben"),
    ]
    groups = grouped(rows, START, embedder, policy).groups
    assert [(one.label.text, len(one.questions), one.customers) for one in groups] == [
        (AXES[0], 2, 2), (POINTS[0], 1, 1), (CANOES[0], 9, 1),
    ]  # fmt: skip


def test_a_group_is_named_by_its_earliest_question_and_labelled_by_its_most_central(
    embedder: EmbedNow, policy: GapPolicy
) -> None:
    rows = asked("my old camp axe is blunt, is it sharpened by you", *AXES[:1], *AXES[:1], *AXES[1:2])
    (group,) = grouped(rows, START, embedder, policy).groups
    assert group.id == rows[0].turn_id
    assert group.label.text == AXES[0]


@pytest.mark.parametrize(
    "text",
    ["Tell me a joke", "tell me another joke", "who made you", "hello", "???", "What is the weather like tomorrow"],
)
def test_small_talk_is_noise_however_many_ask(embedder: EmbedNow, policy: GapPolicy, text: str) -> None:
    found = grouped([question(number, text) for number in range(4 if text != "???" else 1)], START, embedder, policy)
    assert (found.groups, found.noise) == ((), 1)


@pytest.mark.parametrize(
    "text",
    [*AXES, *CANOES, *POINTS, "Do you sell lights?", "Is the kettle safe for induction?", "Can I order pizza stones?"],
)
def test_a_real_question_of_one_customer_is_no_noise(embedder: EmbedNow, policy: GapPolicy, text: str) -> None:
    assert len(grouped([question(1, text)], START, embedder, policy).groups) == 1


def test_one_word_asked_by_two_customers_is_a_gap(embedder: EmbedNow, policy: GapPolicy) -> None:
    assert len(grouped(asked("canoes?"), START, embedder, policy).groups) == 0
    assert len(grouped(asked("canoes?", "canoes"), START, embedder, policy).groups) == 1


def test_a_dismissed_group_stays_hidden_for_later_questions(embedder: EmbedNow, policy: GapPolicy) -> None:
    rows = [question(1, AXES[0], dismissed=True), question(2, AXES[1]), question(3, CANOES[0]), question(4, CANOES[1])]
    assert together(grouped(rows, START, embedder, policy).groups) == {frozenset(CANOES)}


def test_a_closed_group_opens_again_under_its_name_when_it_is_asked_again(
    embedder: EmbedNow, policy: GapPolicy
) -> None:
    closed = question(1, AXES[0], open=False)
    assert grouped([closed], START, embedder, policy).groups == ()
    (group,) = grouped([closed, question(2, AXES[1])], START, embedder, policy).groups
    assert (group.id, [one.text for one in group.questions]) == (closed.turn_id, [AXES[1]])


def test_questions_before_since_decide_the_group_and_are_not_counted(embedder: EmbedNow, policy: GapPolicy) -> None:
    rows = asked(AXES[0], CANOES[0], AXES[1])
    (group,) = grouped(rows, rows[2].asked_at, embedder, policy).groups
    assert (group.id, len(group.questions)) == (rows[0].turn_id, 1)


def test_nobody_asked_anything(embedder: EmbedNow, policy: GapPolicy) -> None:
    assert grouped([], START, embedder, policy).groups == ()


def test_masked_data_does_not_make_questions_alike(embedder: EmbedNow, policy: GapPolicy) -> None:
    assert policy.words("Is <email> the address of canoe sales?") == ("address", "canoe", "sales")


def test_heads_are_the_nearest_earlier_ones() -> None:
    angles = np.radians([0, 80, 30, 50, 170])
    vectors = np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)
    assert heads_of(vectors, 0.8).tolist() == [0, 1, 0, 1, 4]


def test_the_most_questions_that_are_read_are_grouped_in_seconds(embedder: EmbedNow, policy: GapPolicy) -> None:
    made = random.Random(7)
    parts = ("ca", "no", "ti", "lum", "ber", "rox", "fe", "gal", "dy", "pim", "ost", "qua")
    words = ["".join(made.choices(parts, k=3)) for _ in range(900)]
    texts = [f"Do you have {' '.join(made.choices(words, k=3))} {number}?" for number in range(MOST_QUESTIONS)]
    rows = asked(*texts)
    started = time.perf_counter()
    found = grouped(rows, START, embedder, policy)
    took = time.perf_counter() - started
    print(f"{len(rows)} questions, {len(found.groups)} groups: {took:.2f} s")
    assert sum(len(one.questions) for one in found.groups) + found.noise >= MOST_QUESTIONS
    assert took < 10
