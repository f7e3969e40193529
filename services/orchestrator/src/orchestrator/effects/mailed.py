"""What came of a turn as an e-mail: for a customer who was told that the answer comes by e-mail. Pure."""

from contracts.turn import EndEvent
from orchestrator.effects.phrases import PhraseBook
from orchestrator.journal.cards import Card

#: The contract's, less what is around the answer.
_MAX_TEXT = 16_000


def mailed_answer(end: EndEvent, phrases: PhraseBook, shop: str, *, stranger: bool = False) -> dict[str, str]:
    """Subject and body: the answer as it is given, its sources and links written out. A `stranger`'s address may be
    anybody's: whoever reads it is told why.
    """
    sources = [f"{one.title}: {one.url}" for one in end.citations]
    links = [f"{label}: {url}" for label, url in end.links.items()]
    told = [end.text[:_MAX_TEXT], "\n".join(dict.fromkeys([*sources, *links]))]
    return _mail([*(one for one in told if one), phrases.say("mail_goes_on")], phrases, shop, stranger=stranger)


def mailed_card(card: Card, phrases: PhraseBook, shop: str, *, stranger: bool = False) -> dict[str, str]:
    """Subject and body: what the customer is asked, which only the chat can take the answer to. A `stranger` reads
    what it is about there alone: its words may be the guest's own, and no letter to whom they like.
    """
    last = phrases.say("mail_card", until=f"{card.expires_at:%Y-%m-%d %H:%M}")
    return _mail([last] if stranger else [card.summary, last], phrases, shop, stranger=stranger)


def _mail(told: list[str], phrases: PhraseBook, shop: str, *, stranger: bool) -> dict[str, str]:
    why = [phrases.say("mail_left", shop=shop)] if stranger else []
    body = "\n\n".join([phrases.say("mail_lead"), *told, *why])
    return {"subject": phrases.say("mail_subject", shop=shop), "body": body}
