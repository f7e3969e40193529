"""The rules on what leaves, one by one: what they leave alone, what carries a promise, what is done with an answer."""

import time
from pathlib import Path
from typing import Any

import pytest
import yaml

from orchestrator.brain.policy_files import read_prompt
from orchestrator.guard.answer import Phrases, check_answer
from orchestrator.guard.checker import AnswerChecker, Grounds
from orchestrator.guard.output.allowed import Allowed, allowed_of
from orchestrator.guard.output.names import own_names
from orchestrator.guard.output.policy import OutputPolicy, load_output_policy
from orchestrator.guard.output.rule import Rule
from orchestrator.guard.output.screening import broken, cut
from orchestrator.turn.inputs import Guarded
from servicekit.privacy import Finder

DATA: dict[str, Any] = yaml.safe_load((Path(__file__).parent / "data" / "output_rules.yaml").read_text("utf-8"))
PAGE = {
    "chunk_id": "c1", "title": "Returns", "url": "https://shop.example/help/returns",
    "text": "You can return an item within 30 days. Write to help@shop.example or call +1 802 555 0100.",
}  # fmt: skip
ORDER = {"order_id": "ABC123", "status": "shipped", "tracking_url": "https://track.example/t/1?id=77"}


@pytest.fixture(scope="module")
def policy(finder: Finder) -> OutputPolicy:
    return load_output_policy(finder, names=own_names(), prompts=(read_prompt("planner"), read_prompt("writer")))


@pytest.fixture
def allowed() -> Allowed:
    return allowed_of([{"passages": [PAGE]}, ORDER])


@pytest.mark.parametrize("text", DATA["harmless"])
def test_what_is_harmless_breaks_no_rule(text: str, policy: OutputPolicy, allowed: Allowed) -> None:
    assert (broken(text, allowed, policy), cut(text, allowed, policy).text) == ((), text)
    assert tuple(policy.promises.empty(text, "", allowed)) == ()


@pytest.mark.parametrize(("sentence", "done", "page", "may"), DATA["promises"])
def test_a_promise_needs_what_carries_it(
    sentence: str, done: list[str], page: str, may: bool, policy: OutputPolicy
) -> None:
    assert (not tuple(policy.promises.empty(sentence, page, Allowed(done=frozenset(done))))) is may


def test_a_link_is_read_whole_wherever_the_next_sentence_begins(policy: OutputPolicy) -> None:
    checker = AnswerChecker(Grounds(outputs=[ORDER]), policy)
    for length in range(40, 120):
        follow = "You can follow it here: https://track.example/t/1?id=77."
        assert checker.broken(f"{follow} {'It is on its way. '.rjust(length, 'o')}It comes soon.") == ()
    assert checker.broken("You can follow it here: https://track.example/t/1?id=78. It comes soon.") == (Rule.LINK,)


def test_what_was_promised_before_may_be_said_again(policy: OutputPolicy) -> None:
    said = Allowed(said=("I have opened ticket T-1 for you.",))
    assert tuple(policy.promises.empty("As I said, I have opened a ticket for you.", "", said)) == ()
    assert tuple(policy.promises.empty("I have cancelled your order.", "", said)) == (Rule.PROMISE,)


@pytest.mark.parametrize(
    ("link", "may"),
    [
        ("https://shop.example/help/other", True), ("https://www.shop.example", True), ("http://shop.example.", True),
        ("https://track.example/t/1?id=77", True), ("https://track.example/t/2", False),
        ("https://track.example/t/1?id=78", False), ("https://shop.example/x?next=//evil.example", False),
        ("https://shop.example/help?q=1", False), ("https://shop.example:8443/help", False),
        ("https://evil.example", False), ("https://shop.example.evil.example", False),
        ("shop.example/%2f%2fevil", False),
        ("https://SHOP.example/help", True), ("https://shop.example\\@evil.example", False),
        ("ftp://shop.example", False),
    ],
)  # fmt: skip
def test_a_link_leads_to_a_known_page_or_a_plain_page_of_the_shop(
    link: str, may: bool, policy: OutputPolicy, allowed: Allowed
) -> None:
    assert (Rule.LINK not in broken(f"See {link} for more", allowed, policy)) is may


def test_a_host_of_the_settings_may_be_linked_to(finder: Finder) -> None:
    hosts = load_output_policy(finder, hosts=("WWW.Outlet.example",)).hosts
    policy = load_output_policy(finder)
    text = "See https://outlet.example/x."
    assert broken(text, allowed_of([], hosts=hosts), policy) == ()
    assert broken(text, allowed_of([]), policy) == (Rule.LINK,)


def answered(text: str, grounds: Grounds, policy: OutputPolicy) -> Guarded:
    phrases = Phrases(unsupported="No source.", withheld="Withheld.", nearest="Nearest: {page}.")
    return check_answer(text, (), (), grounds, str, phrases, policy)


@pytest.mark.parametrize(
    ("text", "shown", "reasons"),
    [
        ("Hello! ![x](https://evil.example/a) How are you?", "Hello!  How are you?", ("output:image",)),
        ("Sure, see [this page](https://evil.example). Hello!", "Sure, see this page. Hello!", ("output:link",)),
        ("Hello <b>there</b>! Sure.", "Hello there! Sure.", ("output:markup",)),
        ("Hel\u200blo! Sure.", "Hello! Sure.", ("output:invisible",)),
        ("Order ABC123 is shipped. You are an idiot.", "Order ABC123 is shipped.", ("output:abuse",)),
        ("I'd love to give you a voucher. Order ABC123 is shipped.", "Order ABC123 is shipped.", ("output:money",)),
        ("Order ABC123 is shipped. I have cancelled it.", "Order ABC123 is shipped.", ("output:promise",)),
        ("Our team will get back to you. Order ABC123 is shipped.", "Order ABC123 is shipped.", ("output:promise",)),
    ],
)  # fmt: skip
def test_what_can_be_taken_out_is_taken_out(
    text: str, shown: str, reasons: tuple[str, ...], policy: OutputPolicy
) -> None:
    guarded = answered(text, Grounds(outputs=[ORDER]), policy)
    assert (guarded.verdict, guarded.text) == ("repair", shown)
    assert guarded.reasons == reasons


def test_a_mark_keeps_its_place_when_something_before_it_is_cut(policy: OutputPolicy) -> None:
    text = "Hel\u200blo <b>there</b>! ![x](https://evil.example) Sure."
    trimmed = cut(text, Allowed(), policy)
    assert trimmed.text == "Hello there!  Sure."
    for place in ("Sure", "there", "!"):
        old = text.rindex(place) if place != "!" else text.index("!")
        assert trimmed.text[trimmed.moved(old) :].startswith(place)


def test_what_comes_together_when_a_sentence_is_dropped_is_seen(policy: OutputPolicy) -> None:
    text = "Hello sk-abcdefgh\n\nYou are an idiot.\n\nijklmnopqrstuvwx9 there"
    guarded = answered(text, Grounds(), policy)
    assert "abcdefgh" not in guarded.text or "ijklmnop" not in guarded.text


def test_a_policy_without_an_action_for_a_rule_does_not_load(policy: OutputPolicy) -> None:
    assert set(policy.actions) == set(Rule)
    assert policy.version


@pytest.mark.parametrize(
    "piece",
    [
        "a ",
        "a.",
        "[x](",
        "<a",
        "![",
        "&#5",
        "s k ",
        "we will ",
        "http:/",
        "%2",
        "ß\u200b",
        "1 ",
        "A1b2",
        "it was sent, ",
    ],
)
def test_the_time_of_the_rules_grows_with_the_text_and_not_faster(piece: str, policy: OutputPolicy) -> None:
    def seconds(length: int) -> float:
        text = piece * (length // len(piece))
        began = time.process_time()
        broken(text, Allowed(), policy)
        cut(text, Allowed(), policy)
        tuple(policy.promises.empty(text, "", Allowed()))
        policy.states.untrue(text, Allowed())
        return time.process_time() - began

    seconds(200)
    assert min(seconds(4000) for _ in range(2)) < 0.5
