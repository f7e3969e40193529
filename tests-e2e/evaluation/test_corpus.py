"""The cases: enough of every kind, each page asked for, and a misspelt key is told with what was meant."""

from collections import Counter
from pathlib import Path

import pytest
import yaml
from evalbench.case import Case
from evalbench.corpus import BadCases, chosen, read_cases
from evalbench.pages import help_pages

GOOD = "category: faq\ntier: low\ncases:\n  - {id: one, turns: [{says: Hello, outcome: [answered]}]}\n"
CATEGORIES = {
    "faq", "language", "order", "refund", "ticket", "escalation", "chitchat", "ambiguous", "follow-up", "multi-intent",
    "identity", "foreign-order", "injection", "exfiltration", "abuse", "unanswerable", "out-of-scope", "outage",
    "privacy", "staff",
}  # fmt: skip


@pytest.fixture
def write(tmp_path: Path):
    def writes(text: str) -> Path:
        (tmp_path / "cases.yaml").write_text(text, encoding="utf-8")
        return tmp_path

    return writes


def test_there_are_cases_of_every_kind() -> None:
    cases = read_cases()
    assert len(cases) >= 150
    assert {case.category for case in cases} == CATEGORIES
    assert min(Counter(case.tier for case in cases).values()) >= 25


def test_every_help_page_is_asked_for_and_no_case_wants_a_page_that_is_not_there() -> None:
    wanted = {page for case in read_cases() for said in case.turns for page in said.cites or ()}
    assert wanted == set(help_pages())


def test_no_case_is_one_of_the_examples_that_the_offline_brain_was_made_from() -> None:
    from orchestrator.brain.policy_files import read_policy

    def plain(text: str) -> str:
        return " ".join("".join(one if one.isalnum() else " " for one in text.lower()).split())

    labelled = [
        yaml.safe_load(path.read_text(encoding="utf-8"))
        for path in (Path(__file__).parents[1] / "bench" / "intents" / "labelled").glob("*.yaml")
    ]
    assert labelled
    known = [*read_policy("intents")["intents"].values(), *(texts for one in labelled for texts in one.values())]
    examples = {plain(text) for texts in known for text in texts}
    # So short that there is one way to say it.
    said = {plain(turn.says) for case in read_cases() for turn in case.turns if len(turn.says.split()) > 3}
    assert said & examples == set()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (GOOD.replace("outcome", "outcom"), "turns.0.outcom: there is no such key, is outcome meant?"),
        (GOOD.replace("tier: low", "tier: low\nwhoo: guest"), "whoo: there is no such key, is who meant?"),
        (GOOD.replace("answered", "answerd"), "case one: turns.0.outcome.0: Input should be"),
        (GOOD.replace("id: one", "id: One!"), "String should match pattern"),
        (GOOD + "  - {id: one, turns: [{says: Hi, outcome: [answered]}]}\n", "the id one is used twice"),
        (GOOD.replace("cases:", "case:"), "a mapping with a list of `cases` is needed"),
        ("category: [", "cases.yaml: while parsing"),
        (GOOD.replace("outcome: [answered]", "outcome: [card], confirm: true"), "a card that is answered"),
        (GOOD.replace("id: one,", "id: one, faults: {brain: slow},"), "a brain can be down, not slow"),
        (GOOD.replace("[answered]", "[answered], tools: [a], not_tools: [a]"), "a: must be called and must not"),
    ],
)
def test_what_is_wrong_with_a_file_is_told(text: str, told: str, write) -> None:
    with pytest.raises(BadCases) as error:
        read_cases(write(text))
    assert told in str(error.value)


def test_an_empty_folder_is_no_set_of_cases(tmp_path: Path) -> None:
    with pytest.raises(BadCases, match="no case was found"):
        read_cases(tmp_path)


def test_cases_are_chosen_by_id_category_or_tier(write) -> None:
    cases = read_cases(write(GOOD + "  - {id: two, tier: money, turns: [{says: Hi, outcome: [answered]}]}\n"))

    def ids(only: str | None) -> list[str]:
        found: tuple[Case, ...] = chosen(cases, only)
        return [case.id for case in found]

    assert ids("tw") == ["two"]
    assert ids("low, two") == ids("faq") == ids(None) == ["one", "two"]
    with pytest.raises(BadCases, match="nothing-like-it"):
        chosen(cases, "nothing-like-it")
