"""What is said of where an order stands is held against the look-up; what states nothing passes, in six languages."""

from importlib import resources
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis.strategies import from_regex

from contracts.tools.orders import OrderStatus
from orchestrator.brain.offline.phrasing import phrases_by_language
from orchestrator.brain.port import Observation
from orchestrator.brain.sentences import sentences_of
from orchestrator.effects.checking import done_of
from orchestrator.effects.phrases import load_phrases
from orchestrator.guard.output.allowed import Allowed, allowed_of
from orchestrator.guard.output.policy import OutputPolicy, load_output_policy
from orchestrator.guard.output.wording import any_of
from servicekit.privacy import Finder

DATA: dict[str, Any] = yaml.safe_load((Path(__file__).parent / "data" / "states.yaml").read_text("utf-8"))
KNOWLEDGE = Path(__file__).parents[3] / "retrieval" / "src" / "retrieval" / "knowledge"
POLICY: dict[str, Any] = yaml.safe_load(
    resources.files("orchestrator.policy").joinpath("states.yaml").read_text("utf-8")
)
LANGUAGES = ("en", "de", "fr", "es", "it", "nl")
#: In which states of an order it may be said. What came back was sent; that it had arrived, nobody knows.
TRUE_OF = {
    "shipped": {"shipped", "delivered", "returned"}, "underway": {"shipped"}, "delivered": {"delivered"},
    "cancelled": {"cancelled"}, "returned": {"returned"}, "refunded": {"refunded"},
}  # fmt: skip


@pytest.fixture(scope="module")
def policy(finder: Finder) -> OutputPolicy:
    return load_output_policy(finder)


def looked_up(*orders: tuple[str, str], said: tuple[str, ...] = (), **more: Any) -> Allowed:
    """What a turn allows that looked up these orders: number and status."""
    outputs = [{"order_id": number, "status": status} | more for number, status in orders]
    done = done_of(Observation("get_order_status", {}, one) for one in outputs)
    return allowed_of(outputs, done=done, said=said)


def may_say(sentence: str, allowed: Allowed, policy: OutputPolicy) -> bool:
    return not policy.states.untrue(sentence, allowed) and not tuple(policy.promises.empty(sentence, "", allowed))


@pytest.mark.parametrize(("status", "sentence"), [row for rows in DATA["stated"].values() for row in rows])
def test_a_state_may_be_said_only_where_the_look_up_has_it(status: str, sentence: str, policy: OutputPolicy) -> None:
    said = {one.value for one in OrderStatus if may_say(sentence, looked_up(("ABC123", one.value)), policy)}
    assert said == TRUE_OF[status]
    assert not may_say(sentence, Allowed(), policy)


@pytest.mark.parametrize("sentence", [one for rows in DATA["benign"].values() for one in rows])
def test_what_states_nothing_may_be_said_whatever_was_looked_up(sentence: str, policy: OutputPolicy) -> None:
    assert not any(policy.states.untrue(sentence, looked_up(("ABC123", one.value))) for one in OrderStatus)
    assert not policy.states.untrue(sentence, Allowed())


def test_every_language_has_its_share_of_statements_and_of_what_is_none() -> None:
    assert set(DATA["stated"]) == set(DATA["benign"]) == set(LANGUAGES)
    assert all(len(DATA["stated"][one]) >= 10 and len(DATA["benign"][one]) >= 20 for one in LANGUAGES)
    for rows in DATA["stated"].values():
        assert {status for status, _ in rows} == set(TRUE_OF)


def test_no_sentence_of_the_articles_and_no_phrase_of_ours_states_what_must_be_looked_up(policy: OutputPolicy) -> None:
    articles = [path.read_text("utf-8").split("---\n", 2)[2] for path in sorted(KNOWLEDGE.glob("*.md"))]
    phrases = [
        *load_phrases().all_texts(),
        *(one for book in phrases_by_language().values() for one in book.all_texts()),
    ]
    sentences = [one for text in (*articles, *phrases) for one in sentences_of(text)]
    assert len(articles) == 20
    assert [one for one in sentences if policy.states.untrue(one, looked_up(("ABC123", "processing")))] == []


@pytest.mark.parametrize(("name", "language"), [(name, one) for name in TRUE_OF for one in LANGUAGES])
def test_what_a_pattern_matches_holds_a_hint(name: str, language: str) -> None:
    kind = POLICY["kinds"][name]
    for one in kind["said"][language]:
        pattern = any_of({language: [one]}, POLICY["words"])

        @given(from_regex(pattern))
        @settings(max_examples=5, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))
        def holds(text: str) -> None:
            assert any(hint in text for hint in kind["hints"])

        holds()


def test_of_two_orders_each_has_its_own_state(policy: OutputPolicy) -> None:
    both = looked_up(("ABC123", "shipped"), ("XYZ789", "processing"))
    assert may_say("Your order ABC123 is on its way, and XYZ789 is being prepared.", both, policy)
    assert may_say("XYZ789 is being prepared, ••C123 is on its way.", both, policy)
    assert not may_say("Your order XYZ789 is on its way.", both, policy)
    assert not may_say("Order ••Z789 has been shipped.", both, policy)
    assert not may_say("ABC123 and XYZ789 have been shipped.", both, policy)
    assert may_say("It has been shipped.", both, policy)


def test_of_a_list_of_orders_each_has_its_own_state(policy: OutputPolicy) -> None:
    ada = [
        {"order_id": number, "status": status, "items": [{"name": "Mug"}]}
        for number, status in (("ABC123", "shipped"), ("XYZ789", "processing"), ("QRS456", "refunded"))
    ]
    output = {"orders": ada, "more": False}
    listed = allowed_of([output], done=done_of([Observation("list_orders", {}, output)]))
    assert may_say("••C123 is on its way, and ••Z789 is being prepared.", listed, policy)
    assert may_say("Your order ••S456 was refunded.", listed, policy)
    assert not may_say("Your order ••Z789 is on its way.", listed, policy)
    assert not may_say("Your order ••C123 was refunded.", listed, policy)
    assert not may_say("Your order was delivered.", listed, policy)


def test_an_empty_list_carries_no_state(policy: OutputPolicy) -> None:
    output: dict[str, Any] = {"orders": [], "more": False}
    listed = allowed_of([output], done=done_of([Observation("list_orders", {}, output)]))
    assert not may_say("Your order is on its way.", listed, policy)


def test_a_parcel_that_can_be_followed_carries_that_a_part_is_under_way(policy: OutputPolicy) -> None:
    part, whole = "Part of your order has been shipped.", "Your order has been shipped."
    followed = looked_up(("ABC123", "processing"), tracking_url="https://track.example/1")
    assert (may_say(part, followed, policy), may_say(whole, followed, policy)) == (True, False)
    assert not may_say(part, looked_up(("ABC123", "processing"), tracking_url=None), policy)
    for sentence in (
        "Ein Teil Ihrer Bestellung wurde versandt.", "Une partie de votre commande a été expédiée.",
        "Una parte de su pedido ha sido enviada.", "Parte del suo ordine è stata spedita.",
        "Een deel van uw bestelling is verzonden.",
    ):  # fmt: skip
        assert may_say(sentence, followed, policy)
        assert not may_say(sentence, looked_up(("ABC123", "processing")), policy)


def test_what_was_said_before_may_be_said_again_until_somebody_looks(policy: OutputPolicy) -> None:
    said = ("Your order ABC123 was shipped on Monday.",)
    assert may_say("As I said, it was shipped.", Allowed(said=said), policy)
    assert not may_say("As I said, it was shipped.", Allowed(said=("It has not been shipped.",)), policy)
    assert not may_say("It was delivered.", Allowed(said=said), policy)
    assert not may_say("It was shipped.", looked_up(("XYZ789", "processing"), said=said), policy)


def test_a_refund_of_this_turn_carries_that_the_order_was_refunded(policy: OutputPolicy) -> None:
    order = {"order_id": "ABC123", "status": "shipped"}
    refund = {"order_id": "ABC123", "refund_request_id": "rfd_1", "state": "succeeded"}
    seen = [Observation("get_order_status", {}, order), Observation("issue_refund", {}, refund)]
    assert may_say("Your order ABC123 was refunded.", allowed_of([order, refund], done=done_of(seen)), policy)
    denied = [seen[0], Observation("issue_refund", {}, refund | {"state": "denied"})]
    assert not may_say("Your order ABC123 was refunded.", allowed_of([order], done=done_of(denied)), policy)


def test_a_question_and_orders_in_general_are_no_statement_of_a_refund(policy: OutputPolicy) -> None:
    for sentence in (
        "Wurde Ihre Bestellung schon erstattet?", "Votre commande a-t-elle été remboursée ?",
        "Il suo ordine è stato rimborsato?", "Bestellungen, die erstattet wurden, können nicht umgetauscht werden.",
        "Les commandes qui ont été remboursées ne peuvent pas être échangées.",
        "Bestellingen die zijn terugbetaald, kunnen niet worden omgeruild.",
    ):  # fmt: skip
        assert may_say(sentence, looked_up(("ABC123", "processing")), policy)
    assert not may_say("Ihr Geld wurde erstattet, noch eine Frage?", looked_up(("ABC123", "processing")), policy)


def test_another_tool_that_succeeded_carries_no_state(policy: OutputPolicy) -> None:
    done = done_of([Observation("create_ticket", {}, {"number": "T-1", "status": "open"})])
    assert not may_say("Your order has been shipped.", Allowed(done=done), policy)
