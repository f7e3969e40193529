"""Answers to what we offered last: a ticket, a person, or one of the two."""

import re
from dataclasses import dataclass

from contracts.turn import Role
from orchestrator.brain.offline.courtesy import wish_behind
from orchestrator.brain.offline.manners import Manners
from orchestrator.brain.offline.rules import is_no, is_yes
from orchestrator.brain.port import BrainContext
from orchestrator.brain.sentences import content_words

_TICKET = re.compile(
    r"open a ticket|ticket with what you wrote|ticket öffnen|ouvr(?:e|ir) un ticket|abr(?:a|ir) un ticket"
    r"|apr(?:a|ire) un ticket|ticket openen",
    re.IGNORECASE,
)
_PERSON = re.compile(
    r"bring in a person|hand (?:you )?over|person from our team|menschen (?:aus unserem team )?dazu"
    r"|fai?(?:re|sse) venir une personne|avis(?:ar|e) a una persona|fa(?:r|ccia) intervenire una persona"
    r"|persoon (?:van ons team )?bij\b",
    re.IGNORECASE,
)
#: A person cannot be fetched just now.
_NOBODY = re.compile(
    r"cannot bring in|keinen menschen|ne peux pas faire venir|no puedo avisar|non posso far intervenire|geen persoon",
    re.I,
)
_WANTS_PERSON = re.compile(
    r"\b(?:persons?|human|someone|somebody|agent|manager|supervisor|boss|team ?lead(?:er)?|representative|colleague"
    r"|staff|employee)\b",
    re.IGNORECASE,
)
_WANTS_TICKET = re.compile(r"\bticket\b", re.IGNORECASE)
_QUESTION = re.compile(r"^\W*(?:and |but |so )*(?:how|what|when|where|why|which|who)\b", re.IGNORECASE)
#: An "ok" is less than a yes: with thanks or a good night it ends the talk, with a wish of its own it passes on.
_OK = re.compile(r"^\W*(?:ok(?:ay)?|kk?|alright|all right|cool|great|super|perfect|fine)\b", re.IGNORECASE)
_ENDS = re.compile(r"\b(?:thanks?|thank|thx|cheers|bye|day|evening|night|weekend)\b", re.IGNORECASE)
_SHORT, _FEW = 6, 3


@dataclass(frozen=True, slots=True)
class Offer:
    """What our last message offered."""

    ticket: bool
    person: bool


def offer_of(context: BrainContext) -> Offer:
    """What we offered last, in any of our languages."""
    said = next((one.text for one in reversed(context.history) if one.role is Role.ASSISTANT), "")
    person = _PERSON.search(said) is not None and _NOBODY.search(said) is None
    return Offer(_TICKET.search(said) is not None, person)


def answer_to(offer: Offer, text: str, told: str, manners: Manners, *, worded: bool = False) -> str | None:
    """The intent of an answer to an offer; None when the message is none, or wants something else. `told`: what the
    customer wrote before; `worded`: as in `wish_behind`.
    """
    if not (offer.ticket or offer.person):
        return None
    words, rest = content_words(text), wish_behind(text, worded=worded)
    if is_no(text):
        return None if rest or len(words) > 2 else "no"
    person, ticket = _WANTS_PERSON.search(text) is not None, _WANTS_TICKET.search(text) is not None
    if _OK.match(text) and not (person or ticket) and (rest or _ENDS.search(text)):
        return None
    agrees = is_yes(text) and len(words) <= _SHORT and not _QUESTION.match(rest)
    if not (agrees or (len(words) <= _FEW and (person or ticket))):
        return None
    if person != ticket:
        return "human" if person else "open_ticket"
    if not (offer.ticket and offer.person):
        return "human" if offer.person else "open_ticket"
    # A ticket says what is the matter; who only is angry is not helped by one.
    return "open_ticket" if manners.tells_matter(f"{told}\n{rest}") else "human"
