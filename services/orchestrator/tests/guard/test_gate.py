"""The gate of a streamed answer: whole sentences that have passed, in their order, and nothing else."""

import random
from typing import Any

import pytest

from contracts.turn import Mark
from orchestrator.brain.sentences import sentence_spans, whole_spans
from orchestrator.guard.checker import AnswerChecker, Grounds
from orchestrator.guard.gate import MAX_HELD, Reading, StreamGate
from orchestrator.guard.masking import IdMask
from orchestrator.guard.output.policy import OutputPolicy, load_output_policy
from orchestrator.guard.vault import Vault
from servicekit.privacy import Finder

PAGE = {
    "chunk_id": "c1", "title": "Returns", "url": "https://shop.example/help/returns",
    "text": "You can return an item within 30 days.\nUse the form.",
}  # fmt: skip
FOUND = {"passages": [PAGE]}
ORDER = {"order_id": "ABC123", "status": "shipped"}


@pytest.fixture(scope="module")
def policy(finder: Finder) -> OutputPolicy:
    return load_output_policy(finder)


class Streamed:
    """A gate with what it showed; time goes on by a second with every look at the clock."""

    def __init__(
        self, policy: OutputPolicy, *outputs: dict[str, Any], vault: Vault | None = None, foreign: Any = False
    ):
        self.pieces: list[tuple[str, int]] = []
        self.seconds = 0.0
        self.checker = AnswerChecker(Grounds(outputs=outputs), policy)
        mask, keeping = IdMask(frozenset({"ABC123"})), vault or Vault(b"k" * 32, policy.finder)
        reading = Reading(
            lambda: self.checker, lambda _text: foreign, keeping.reveal_orders,
            lambda text: mask(keeping.show(text)),
        )  # fmt: skip
        self.gate = StreamGate(reading, self.show, self.tick)

    async def show(self, text: str, offset: int) -> None:
        self.pieces.append((text, offset))

    def tick(self) -> float:
        self.seconds += 1
        return self.seconds

    async def write(self, *deltas: str) -> str:
        for delta in deltas:
            await self.gate(delta)
        return self.text

    @property
    def text(self) -> str:
        text = ""
        for piece, offset in self.pieces:
            text = text[:offset] + piece
        return text


async def test_a_sentence_is_shown_when_the_next_one_has_begun(policy: OutputPolicy) -> None:
    streamed = Streamed(policy, FOUND)
    assert await streamed.write("You can return an item ", "within 30 days.") == ""
    assert await streamed.write(" Use") == "You can return an item within 30 days."
    await streamed.gate.finish("You can return an item within 30 days. Use the form.")
    assert streamed.text == "You can return an item within 30 days. Use the form."
    assert streamed.gate.complete


async def test_tokens_are_restored_and_ids_masked_wherever_the_text_is_cut(policy: OutputPolicy, vault: Vault) -> None:
    order, email = vault.mask("order ABC123").removeprefix("order "), vault.mask("ada@example.com")
    text = f"Order {order} is shipped. It goes to {email} soon. Order ABC123 is shipped. "
    for size in range(1, 20):
        streamed = Streamed(policy, vault.reveal_orders_in(ORDER | {"email": email}), vault=vault)
        await streamed.write(*(text[at : at + size] for at in range(0, len(text), size)))
        await streamed.gate.finish(text)
        assert streamed.text == "Order ••C123 is shipped. It goes to ada@example.com soon. Order ••C123 is shipped."
        assert streamed.pieces[0] == ("Order ••C123 is shipped.", 0)


@pytest.mark.parametrize(
    "bad",
    [
        "It costs 900 USD.", "Your key is sk-abcdefghijklmnopqrstu.", "See [this](https://evil.example/x).",
        "I have refunded your order.", "Write to eve@elsewhere.example.", "![x](https://evil.example/?q=1)",
    ],
)  # fmt: skip
async def test_a_sentence_that_does_not_pass_is_never_shown_nor_what_follows_it(policy: OutputPolicy, bad: str) -> None:
    text = f"You can return an item within 30 days. {bad} Use the form."
    streamed = Streamed(policy, FOUND)
    await streamed.write(*text)
    await streamed.gate.finish(text)
    # An image begins no sentence: the one before it is held with it.
    assert streamed.text == ("" if bad.startswith("!") else "You can return an item within 30 days.")
    assert not streamed.gate.complete


async def test_what_has_no_end_is_held_and_so_is_what_is_too_long(policy: OutputPolicy) -> None:
    streamed = Streamed(policy)
    long = "sure " * (MAX_HELD // 5 + 1)
    await streamed.write(*(f"{word} " for word in long.split()), ". Hello there. Sure. ")
    await streamed.gate.finish(long)
    assert (streamed.text, streamed.gate.complete) == ("", False)


async def test_a_retracted_text_is_cleared_and_the_next_one_starts_anew(policy: OutputPolicy) -> None:
    streamed = Streamed(policy)
    await streamed.write("Let me see. Hello", "", "Hi there. Sure")
    await streamed.gate.finish("Hi there. Sure.")
    assert streamed.pieces == [("Let me see.", 0), ("", 0), ("Hi there.", 0), (" Sure.", 9)]


async def test_an_answer_that_was_cut_at_its_end_is_shown_without_it(policy: OutputPolicy) -> None:
    streamed = Streamed(policy)
    await streamed.write("Hello there. I can help you with", " many th")
    await streamed.gate.finish("Hello there.")
    assert (streamed.text, streamed.gate.complete) == ("Hello there.", True)


async def test_a_lead_in_is_shown_with_what_it_leads_into(policy: OutputPolicy) -> None:
    streamed = Streamed(policy, FOUND)
    assert await streamed.write("What the rules are:\n\n- You can return an item within 30 days.") == ""
    assert await streamed.write("\n- Use") == "What the rules are:\n\n- You can return an item within 30 days."
    alone = Streamed(policy, FOUND)
    await alone.write("What the rules are:\n\n- You get 90 days.\n- Use")
    assert alone.text == ""


async def test_in_another_language_the_mark_of_a_sentence_counts(policy: OutputPolicy) -> None:
    text = "Sie können Artikel innerhalb von 30 Tagen zurückgeben. Nutzen Sie das Formular."
    with_mark = Streamed(policy, FOUND, foreign=True)
    await with_mark.write("Sie können Artikel innerhalb von 30 Tagen zurückgeben.")
    with_mark.gate.mark([Mark(offset=54, chunk_id="c1")])
    assert await with_mark.write(" Nutzen") == text[:54]
    without = Streamed(policy, FOUND, foreign=True)
    assert await without.write(text) == ""


async def test_what_is_not_in_the_knowledge_base_is_told_only_after_saying_so(policy: OutputPolicy) -> None:
    nowhere = FOUND | {"answerable": False}
    streamed = Streamed(policy, nowhere)
    assert await streamed.write("You can return an item within 30 days. Use the form. ") == ""
    honest = Streamed(policy, nowhere)
    assert await honest.write("I could not find it. You can return an item within 30 days. Use") != ""


PIECES = (
    "Hello", " ", ". ", "! ", "?", "\n", "\n- ", "\n1", ". ", "2. ", "e.g. ", "z.B. ", "No. 5", "“Quoted.” ", "(so) ",
    "\n\n", "# Head", ":", "yes", "Über", "…", '"', ") ", "A", "12.50", "...", "\t", "\u2028", "¿Qué", "St. ",
)  # fmt: skip


def test_the_end_of_a_sentence_is_certain_before_it_is_shown() -> None:
    dice = random.Random(7)
    early = 0
    for _ in range(4000):
        text = "".join(dice.choice(PIECES) for _ in range(dice.randint(2, 25)))
        whole = list(sentence_spans(text, 0, len(text)))
        for end in range(1, len(text) + 1):
            found = whole_spans(text[:end], 0)
            early += len(found)
            assert found == whole[: len(found)] or [one[1] for one in found] == [one[1] for one in whole[: len(found)]]
    assert early > 10_000
