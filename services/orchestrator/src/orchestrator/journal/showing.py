"""The customer's own view: what is stored with tokens, with the values in their place. Nobody else gets it."""

from dataclasses import replace

from contracts.turn import Citation, EndEvent, SupportedSentence
from orchestrator.guard.vault import Vault
from orchestrator.journal.cards import Card
from orchestrator.journal.views import Said


def shown_end(end: EndEvent, vault: Vault) -> EndEvent:
    """The end of a turn; the places of its supported sentences are those in the text that is shown."""
    return end.model_copy(update={
        "text": vault.show(end.text),
        "citations": tuple(_citation(one, vault) for one in end.citations),
        "links": {vault.show(label): vault.restore(url) for label, url in end.links.items()},
        "support": tuple(_sentence(one, end.text, vault) for one in end.support),
    })  # fmt: skip


def strangers_end(end: EndEvent, vault: Vault) -> EndEvent:
    """The end of a guest's turn as it may be mailed to the address that they left: nothing that they wrote of
    themselves is in it, and no link that holds any of that.
    """
    links = {vault.for_strangers(label): url for label, url in end.links.items() if vault.for_strangers(url) == url}
    return end.model_copy(update={"text": vault.for_strangers(end.text), "links": links})


def shown_card(card: Card, vault: Vault) -> Card:
    """A card as the customer reads it, who has to know exactly what they agree to."""
    texts = tuple(one.model_copy(update={"text": vault.restore(one.text)}) for one in card.texts)
    return replace(card, summary=vault.restore(card.summary), texts=texts)


def staff_card(card: Card, vault: Vault) -> Card:
    """A card for staff: order numbers, and of personal data the kind alone, wherever it is sent from here."""
    texts = tuple(one.model_copy(update={"text": vault.for_staff(one.text)}) for one in card.texts)
    reasons = tuple(map(vault.for_staff, card.reasons))
    return replace(card, summary=vault.for_staff(card.summary), reasons=reasons, texts=texts)


def shown_message(said: Said, vault: Vault) -> Said:
    """A message of the thread: what people wrote as they wrote it, an answer as it was shown."""
    return replace(said, text=vault.show(said.text) if said.role == "assistant" else vault.restore(said.text))


def _citation(citation: Citation, vault: Vault) -> Citation:
    return citation.model_copy(update={"quote": vault.restore(citation.quote)})


def _sentence(one: SupportedSentence, text: str, vault: Vault) -> SupportedSentence:
    start = len(vault.show(text[: one.start]))
    return one.model_copy(update={
        "start": start, "end": start + len(vault.show(text[one.start : one.end])), "quote": vault.restore(one.quote),
    })  # fmt: skip
