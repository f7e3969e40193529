"""An answer that a model told wrongly is told in words of ours, and those are checked like any other."""

from dataclasses import dataclass
from typing import Any, cast

import pytest

from contracts.turn import Citation
from orchestrator.brain.policy_files import read_policy
from orchestrator.brain.port import BrainContext, BrainError, Draft, OnText
from orchestrator.confidence.policy import load_escalation_policy
from orchestrator.effects.check_guardrails import check_guardrails
from orchestrator.effects.metrics import TurnMetrics
from orchestrator.effects.phrases import load_phrases
from orchestrator.effects.scope import Collaborators, TurnScope
from orchestrator.guard.ours import standing
from orchestrator.guard.output.policy import load_output_policy
from orchestrator.guard.vault import Vault
from orchestrator.turn.effects import CheckGuardrails
from orchestrator.turn.inputs import Guarded, PlannedCall
from orchestrator.turn.state import Observed, TurnState
from servicekit.clock import SystemClock
from servicekit.privacy import Finder
from servicekit.telemetry import Metrics

PAGE = {
    "chunk_id": "c1", "title": "Returns", "url": "https://shop.example/help/returns",
    "text": "# Returns\n\nWrite to returns@shop.example within 30 days of delivery.",
}  # fmt: skip
ORDER = {
    "order_id": "ABC1234", "status": "shipped", "placed_at": "2026-11-20T10:00:00Z",
    "receipt_url": "https://shop.example/receipts/1", "state": "succeeded",
}  # fmt: skip


class OurWords:
    """Writes what it is told to; the page's address stands in it as the token that a Brain sees."""

    name = "offline"

    def __init__(self, *sentences: str) -> None:
        self.sentences = sentences

    async def draft(self, context: BrainContext, _on_text: OnText) -> Draft:
        if not self.sentences:
            raise BrainError("unavailable")
        (page,) = (context.observations[1].output or {})["passages"]
        quote = page["text"].split("\n")[-1]
        text = " ".join(self.sentences).replace("PAGE", quote)
        cited = Citation(chunk_id="c1", title=page["title"], url=page["url"], quote=quote)
        return Draft(text, (cited,), usage=cast(Any, None), model="offline")


class Quiet:
    """The collaborators that have nothing to say in these turns."""

    def entry(self, _name: str) -> None:
        return None

    def notes(self) -> tuple[str, ...]:
        return ()

    def detect(self, _text: str) -> None:
        return None

    def likely(self, _text: str) -> tuple[str, ...]:
        return ()


class Listening(Quiet):
    """Takes all for English, and keeps what it was asked about."""

    def __init__(self) -> None:
        self.heard: list[str] = []

    def detect(self, text: str) -> Any:
        self.heard.append(text)
        return "en"


def observed(tool: str, output: dict[str, Any]) -> Observed:
    return Observed(PlannedCall(tool=tool, arguments={}, args_hash="0" * 64, label=tool), output)


@dataclass(frozen=True)
class OneVault:
    """The vault of the one conversation."""

    vault: Vault

    def of(self, _conversation: object) -> Vault:
        return self.vault


async def checked(text: str, ours: OurWords, vault: Vault, languages: Quiet | None = None) -> Guarded:
    phrases, quiet = load_phrases(), cast(Any, Quiet())
    world = Collaborators(
        brain=cast(Any, ours), offline=cast(Any, ours), catalog=quiet, gateway=quiet, memory=quiet, publisher=quiet,
        vaults=cast(Any, OneVault(vault)), database=quiet, scheduler=quiet, phrases=phrases,
        standing=standing(read_policy("business"), ()), output=load_output_policy(Finder.load()),
        escalation=load_escalation_policy(), languages=cast(Any, languages or quiet), topics={},
        metrics=TurnMetrics(Metrics()), clock=SystemClock(), confirmation_ttl_s=1, approval_ttl_s=1,
    )  # fmt: skip
    conversation = cast(Any, type("Talk", (), {"id": "cnv_1"}))
    masked = [vault.mask_fields(one, ()) for one in (ORDER, {"passages": [PAGE]})]
    scope = TurnScope(conversation, "trn_1", "req_1", run=1, first=True, world=world)
    asked = "Where is order ABC1234, and where do I write?"
    calls = zip(("get_order_status", "search_kb"), masked, strict=True)
    state = TurnState(text=vault.mask(asked), observed=tuple(observed(tool, output) for tool, output in calls))
    return await check_guardrails(CheckGuardrails(vault.mask(text), ()), state, scope)


WRONG = "Order ABC1234 arrives on 3 December and costs 900 USD."


async def test_what_a_model_tells_wrongly_is_told_in_words_of_ours(vault: Vault) -> None:
    guarded = await checked(WRONG, OurWords("Order ABC1234 is shipped.", "PAGE"), vault)
    quote = "Write to returns@shop.example within 30 days of delivery."
    assert "returns@" not in guarded.text
    assert vault.show(guarded.text).startswith(f"Order ••1234 is shipped. {quote}")
    assert (guarded.verdict, guarded.refusal) == ("repair", None)
    assert [vault.restore(one.quote) for one in guarded.citations] == [quote]
    assert guarded.links == {"Receipt": ORDER["receipt_url"]}
    assert [vault.restore(guarded.text[one.start : one.end]) for one in guarded.support] == [quote]


async def test_words_of_ours_are_checked_too(vault: Vault) -> None:
    guarded = await checked(WRONG, OurWords("Order ABC1234 is shipped.", "It costs 900 USD."), vault)
    assert guarded.text == "Order ••1234 is shipped."


@pytest.mark.parametrize("ours", [OurWords(), OurWords("It costs 900 USD.")])
async def test_where_our_words_do_not_hold_either_it_is_refused(ours: OurWords, vault: Vault) -> None:
    guarded = await checked(WRONG, ours, vault)
    assert (guarded.verdict, guarded.refusal) == ("refuse", "unsupported")
    assert "900" not in guarded.text


async def test_a_right_answer_is_left_as_it_is(vault: Vault) -> None:
    guarded = await checked("Order ABC1234 is shipped.", OurWords(), vault)
    assert (guarded.verdict, guarded.text) == ("pass", "Order ••1234 is shipped.")


async def test_the_language_of_a_text_is_worked_out_once_in_a_turn(vault: Vault) -> None:
    languages = Listening()
    await checked(WRONG, OurWords("Order ABC1234 is shipped.", "PAGE"), vault, languages)
    assert any("Returns" in one for one in languages.heard)
    assert len(languages.heard) == len(set(languages.heard))
