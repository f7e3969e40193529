"""The draft of an article: what support answered, each thing once, what disagrees marked, nothing that is executed."""

import re
from datetime import UTC, datetime

import pytest
import yaml

from contracts.resolved import ResolvedTicket
from orchestrator.gaps.grouping import Group
from orchestrator.gaps.noticing import GapReason
from orchestrator.gaps.outline import outline, page_to_extend, variants
from orchestrator.gaps.policy import GapPolicy, load_gap_policy
from orchestrator.gaps.store import Question

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
AXES = "Yes, we sharpen axes in our store."


@pytest.fixture(scope="module")
def policy() -> GapPolicy:
    return load_gap_policy()


def group(*texts: str, strength: float = 0.1, page: str = "") -> Group:
    rows = tuple(
        Question(f"trn_{n:032x}", text, f"c{n}", "web", GapReason.NOT_ANSWERABLE, strength, 0.2, page,
                 "https://shop.example/help/wood" if page else "", NOW, True, False)
        for n, text in enumerate(texts or ("Do you sharpen axes?",))
    )  # fmt: skip
    return Group(rows[0].turn_id, rows[0], rows)


def ticket(number: str, resolution: str) -> ResolvedTicket:
    return ResolvedTicket(number=number, subject="Blunt axe", resolution=resolution, resolved_at=NOW)


def lines(text: str, heading: str) -> list[str]:
    return [one for one in text.split(f"## {heading}\n")[1].split("\n## ")[0].splitlines() if one]


def test_a_draft_is_not_reviewed_and_says_what_it_is_about(policy: GapPolicy) -> None:
    text = outline(group('Do you "sharpen" axes: and knives?'), [ticket("HP-1", AXES)], policy)
    matter = yaml.safe_load(text.split("---")[1])
    assert matter == {
        "title": 'Do you "sharpen" axes: and knives?', "tags": ["sharpen", "axes", "knives"], "reviewed": False,
        "updated_at": NOW.date(),
    }  # fmt: skip


def test_what_most_tickets_say_comes_first_and_once(policy: GapPolicy) -> None:
    tickets = [
        ticket("HP-1", f"It is ready after some days. {AXES}"), ticket("HP-2", f"{AXES} Please bring the sheath."),
        ticket("HP-3", "yes, we sharpen axes in our store."),
    ]  # fmt: skip
    said = lines(outline(group(), tickets, policy), "What support answered")
    assert said == [
        f"- {AXES} (HP-1, HP-2, HP-3)", "- It is ready after some days. (HP-1)", "- Please bring the sheath. (HP-2)",
    ]  # fmt: skip


def test_numbers_that_disagree_are_shown_to_whoever_reviews(policy: GapPolicy) -> None:
    tickets = [ticket("HP-1", "An axe costs 12.00 USD."), ticket("HP-2", "An axe costs 15.00 USD.")]
    first, second = lines(outline(group(), tickets, policy), "What support answered")
    assert first == "- An axe costs 12.00 USD. (HP-1, HP-2)"
    assert "disagree" in second
    assert "12.00 USD" in second
    assert "15.00 USD.\u201d (HP-2)" in second


def test_numbers_that_agree_are_not_marked(policy: GapPolicy) -> None:
    tickets = [ticket("HP-1", "An axe costs 12.00 USD."), ticket("HP-2", "An axe costs 12.00 USD!")]
    assert "disagree" not in outline(group(), tickets, policy)


def test_customers_words_are_listed_once_and_the_label_first(policy: GapPolicy) -> None:
    asked = group("Do you sharpen axes?", "axe sharpening?", "axe sharpening?", "a", "b", "c", "d")
    assert variants(asked) == ("Do you sharpen axes?", "axe sharpening?", "a", "b", "c")
    assert lines(outline(asked, [ticket("HP-1", AXES)], policy), "What customers ask")[:2] == [
        "- Do you sharpen axes?", "- axe sharpening?",
    ]  # fmt: skip


def test_a_near_page_is_to_be_extended_and_a_far_one_is_not(policy: GapPolicy) -> None:
    near, far = group(strength=policy.near_page, page="Caring for wood"), group(strength=0.01, page="Caring for wood")
    assert page_to_extend(near, policy) == ("Caring for wood", "https://shop.example/help/wood")
    assert "extend \u201cCaring for wood\u201d" in outline(near, [ticket("HP-1", AXES)], policy)
    assert page_to_extend(far, policy) is None
    assert "extend" not in outline(far, [ticket("HP-1", AXES)], policy)


def test_what_people_wrote_is_text_and_no_markup(policy: GapPolicy) -> None:
    hostile = "![x](https://evil.example/a.png) <script>alert(1)</script> [here](https://evil.example) # Heading now."
    text = outline(group(f"axes {hostile}\n---\nreviewed: true"), [ticket("HP-1", hostile)], policy)
    body = text.split("---\n", 2)[2]
    assert "script" in body
    assert re.search(r"(?<!\\)[<\[!`]|^#+ Heading", body, re.MULTILINE) is None
    assert yaml.safe_load(text.split("\n---\n")[0])["reviewed"] is False


def test_the_same_tickets_give_the_same_text(policy: GapPolicy) -> None:
    tickets = [ticket("HP-1", f"One. {AXES} Two three."), ticket("HP-2", "Two three. One.")]
    assert outline(group(), tickets, policy) == outline(group(), tickets, policy)
