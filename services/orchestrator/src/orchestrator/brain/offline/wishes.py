"""What one part of a message wants: by rule where the words leave no doubt, else by what was learned."""

import re

from orchestrator.brain.offline.asking import is_asking
from orchestrator.brain.offline.courtesy import is_only_answer
from orchestrator.brain.offline.intents import OWN_THINGS, IntentReader
from orchestrator.brain.offline.manners import Manners
from orchestrator.brain.offline.owning import asks_to_cancel
from orchestrator.brain.offline.rules import (
    about_nobodys,
    asks_in_general,
    certain,
    hinted,
    is_no,
    is_yes,
    refers_back,
    speaks_of_own,
)
from orchestrator.brain.offline.slots import Slots, read_slots
from orchestrator.brain.sentences import content_words
from servicekit.privacy.tokens import without_tokens

#: Below this likelihood a label does not stand against what the facts in a message speak for.
SURELY = 0.55
#: By rule, though a guest may hear first what the help pages say.
_RATHER = 0.9
_ORDERS = re.compile(r"\b(?:orders?|parcels?|packages?|purchases?)\b", re.IGNORECASE)
#: "Do I have any open orders?", "show me all my orders": where they are listed, not how to find them.
_LIST = re.compile(
    r"\b(?:do i (?:still )?have|have i(?: got)?) (?:any |some )?(?:\w+ )?orders\b|\bwhich orders\b.{0,20}\b(?:i|my)\b"
    r"|\b(?:list|show(?: me)?|see|give me) (?:all )?(?:of )?my (?:\w+ )?orders\b|\bwhat orders\b.{0,20}\bi\b",
    re.IGNORECASE,
)
#: "Can you add a mug to my order?" asks for it; "Can I change my order?" asks whether one may.
_ASKS_US = re.compile(
    r"\W*(?:can|could|would|will) (?:you|u|someone|somebody)\b.{0,20}"
    r"\b(?:add|put|include|remove|take|drop|swap|change|cancel)\b"
    r".{1,50}\bmy\b.{0,20}\border\b",
    re.IGNORECASE,
)
_CHANGES = frozenset({"order_change", "refund_request", "open_ticket"})
#: What a message that names an order hardly means, unless it is this near.
_SAYS_LITTLE = frozenset({"knowledge", "out_of_scope", "greeting", "thanks", "complaint"})
FILLERS = frozenset({
    "oh", "ah", "ok", "order", "number", "the", "its", "it's", "please", "usd", "eur", "gbp", "dollars", "invoice",
    "for", "mail", "email",
})  # fmt: skip


async def intent_of(clause: str, slots: Slots, intents: IntentReader, manners: Manners) -> tuple[str, float]:
    """The intent of a clause, and how likely it is; 1 by rule. `slots`: of the whole message and what came before."""
    own = read_slots(clause)
    meant = slots if refers_back(clause) and not own.names_something else own
    if (label := certain(clause, meant)) is not None:
        return label, 1.0
    if own.email is not None and own.order_id is None:
        # No message that was learned from has an address: who names orders and tells one wants to hear of them.
        if _ORDERS.search(clause):
            return hinted(clause, own) or "order_status", 1.0
        if not content_words(without_tokens(clause)):
            return "knowledge", 0.0
    if only_facts(clause, own):
        return hinted(clause, own) or ("invoice" if own.invoice_number else "order_status"), 1.0
    if _LIST.search(clause) and not own.names_something:
        return "order_content", 1.0
    if _ASKS_US.match(clause):
        return "order_change", 1.0
    if asks_to_cancel(clause) and not own.names_something:
        return "order_change", _RATHER
    found = await intents.read(clause, meant)
    if found.label in _SAYS_LITTLE and found.likely < SURELY:
        if (hint := hinted(clause, meant)) in OWN_THINGS:
            return hint, found.likely
        if own.order_id is not None:
            # Whoever names an order and says nothing that we know wants to hear how it stands.
            return "order_status", found.likely
    if not own.names_something and manners.is_rude(clause):
        return "complaint", found.likely
    if found.label == "complaint" and is_asking(clause) and not manners.is_rude(clause):
        # "Are they any good?" is a question.
        return "knowledge", found.likely
    if found.label in _CHANGES and asks_in_general(clause) and not own.names_something:
        # "Can I cancel my order?" is answered by the help pages; "Cancel order 1234" is a request.
        return "knowledge", found.likely
    if found.label in OWN_THINGS and not slots.names_something and (about_nobodys(clause) or not speaks_of_own(clause)):
        # "How do I get an invoice?" is answered by the help pages, for guests too; "Where is my invoice?" is not.
        return "knowledge", found.likely
    if found.label == "refund_status" and not slots.names_something:
        # Where one of an order is, billing knows; how long refunds take stands in the help pages.
        return "knowledge", found.likely
    if found.label in ("yes", "no") and not ((is_yes(clause) or is_no(clause)) and is_only_answer(clause)):
        return "knowledge", found.likely
    return found.label, found.likely


def only_facts(text: str, slots: Slots) -> bool:
    """Whether a message is nothing but an order number, an amount or both."""
    if not (slots.names_something or slots.amount):
        return False
    return not [
        word for word in re.findall(r"[A-Za-z]{3,}", re.sub(r"<[a-z]+_\d+>", "", text)) if not _is_filler(word, slots)
    ]


def _is_filler(word: str, slots: Slots) -> bool:
    known = f"{slots.order_id or ''} {slots.invoice_number or ''}".lower()
    return word.lower() in known or word.lower() in FILLERS
