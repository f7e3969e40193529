"""A Brain that says where an order stands without regard for the look-up: the customer hears what was looked up."""

from collections.abc import Iterator
from typing import Any

import pytest
from obedient_attacks import GOOD_PAGE
from obedient_brain import ObedientBrain
from obedient_engine import Engine, Talk, engine_with_a_stranger

from contracts.turn import Outcome, Role, ToolCall
from orchestrator.brain.offline.brain import OfflineBrain
from orchestrator.brain.port import Message
from servicekit.embedding import Embedder
from servicekit.language import LanguageDetector

ASKED = "Has my order ABC123 been sent out?"
SENT = "Yes, it has been sent out."
LOOK_UP = ToolCall(name="get_order_status", arguments={"order_id": "ABC123"})
SEARCH = ToolCall(name="search_kb", arguments={"query": "returns"})


@pytest.fixture(scope="session")
def parts() -> Iterator[dict[str, Any]]:
    """The real offline Brain, in whose words the truth is told, and the real ear for languages."""
    embedder = Embedder.load()
    brain = OfflineBrain(embedder)
    yield {"offline": brain, "languages": LanguageDetector.load()}
    embedder.close()


@pytest.fixture
async def engine() -> Engine:
    engine = await engine_with_a_stranger()
    engine.shop.reset(GOOD_PAGE)
    return engine


@pytest.mark.parametrize(
    ("status", "says", "truth"),
    [
        ("processing", SENT, "Your order ••C123 is being prepared"),
        ("processing", f"{SENT} You placed it on 2 March.", "Your order ••C123 is being prepared"),
        ("processing", f"You placed it on 2 March. {SENT}", "Your order ••C123 is being prepared"),
        ("processing", "Good news! Your order is on its way with Parcelway.", "is being prepared"),
        ("pending_payment", "It was shipped this morning, thank you for waiting!", "is waiting for your payment"),
        ("processing", "I looked it up: it was cancelled.", "is being prepared"),
        ("shipped", "Your order was delivered.", "is on its way"),
        ("shipped", "Your order was refunded.", "is on its way"),
        ("cancelled", "Your order is on its way.", "was cancelled"),
        ("returned", "Your order was delivered.", "was returned"),
        ("delivered", "Your order was returned.", "was delivered"),
        ("refunded", "Your order was cancelled.", "was refunded"),
    ],
)
async def test_a_state_that_the_look_up_does_not_have_is_replaced_by_the_one_that_it_has(
    engine: Engine, parts: dict[str, Any], status: str, says: str, truth: str
) -> None:
    talk = await asked_with(engine, parts, status, says)
    assert truth in talk.answers[-1]
    assert not any(said in talk.answers[-1] for said in says.split(". "))
    assert talk.states[-1].outcome is Outcome.ANSWERED


@pytest.mark.parametrize(
    ("asked", "says", "truth"),
    [
        ("Wurde meine Bestellung ABC123 schon verschickt?", "Ja, sie wurde bereits verschickt.", "wird vorbereitet"),
        ("Ma commande ABC123 a-t-elle été expédiée ?", "Oui, elle a été expédiée hier.", "en préparation"),
        ("¿Ya han enviado mi pedido ABC123?", "Sí, su pedido ya ha sido enviado.", "en preparación"),
        ("Il mio ordine ABC123 è già stato spedito?", "Sì, è già stato spedito.", "in preparazione"),
        ("Is mijn bestelling ABC123 al verzonden?", "Ja, uw bestelling is al verzonden.", "wordt klaargemaakt"),
    ],
)
async def test_the_truth_comes_in_the_customers_language(
    engine: Engine, parts: dict[str, Any], asked: str, says: str, truth: str
) -> None:
    talk = await asked_with(engine, parts, "processing", says, asked)
    assert truth in talk.answers[-1]
    assert says not in talk.answers[-1]


@pytest.mark.parametrize(
    ("status", "says"),
    [
        ("shipped", SENT), ("delivered", "Yes, it was sent out and has been delivered."),
        ("processing", "It has not been sent out yet."), ("cancelled", "Your order was cancelled."),
        ("processing", "No, it will be sent when it is packed."), ("refunded", "Your order was refunded."),
    ],
)  # fmt: skip
async def test_what_the_look_up_carries_reaches_the_customer_as_it_was_said(
    engine: Engine, parts: dict[str, Any], status: str, says: str
) -> None:
    assert (await asked_with(engine, parts, status, says)).answers == [says]


@pytest.mark.parametrize("leads", [[], [SEARCH]], ids=["nothing", "search"])
async def test_without_a_look_up_no_state_is_told(engine: Engine, parts: dict[str, Any], leads: list[ToolCall]) -> None:
    talk = await engine.converse(ObedientBrain(leads=leads, says=SENT), ASKED, **parts)
    assert "sent out" not in talk.answers[-1]


async def test_what_was_said_of_one_order_carries_nothing_of_the_next(engine: Engine, parts: dict[str, Any]) -> None:
    engine.shop.orders["1234"].status = "processing"
    before = [Message(Role.CUSTOMER, ASKED), Message(Role.ASSISTANT, SENT)]
    other = ToolCall(name="get_order_status", arguments={"order_id": "1234"})
    talk = await engine.converse(ObedientBrain(leads=[other], says=SENT), "And my order 1234?", before=before, **parts)
    assert "Your order 1234 is being prepared" in talk.answers[0] or "••1234 is being prepared" in talk.answers[0]
    repeated = await engine.converse(ObedientBrain(says=SENT), "Sorry, what did you say?", before=before, **parts)
    assert repeated.answers == [SENT]


async def asked_with(engine: Engine, parts: dict[str, Any], status: str, says: str, asked: str = ASKED) -> Talk:
    """One turn: the order is in this state, the Brain looks it up and says what it says."""
    engine.shop.orders["ABC123"].status = status
    return await engine.converse(ObedientBrain(leads=[LOOK_UP], says=says), asked, **parts)
