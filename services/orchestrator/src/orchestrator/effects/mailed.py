"""What came of a turn as an e-mail: for who was told that the answer comes by e-mail, or wrote one. Pure."""

from dataclasses import dataclass

from contracts.turn import EndEvent
from orchestrator.effects.phrases import PhraseBook
from orchestrator.journal.cards import Card

#: The contract's, less what is around the answer.
_MAX_TEXT = 16_000


@dataclass(frozen=True, slots=True)
class Post:
    """Writes mails of a shop. A `stranger`'s address may be anybody's: whoever reads it is told why. Who wrote
    `by_letter` knows that, and answers by one.
    """

    phrases: PhraseBook
    shop: str
    stranger: bool = False
    by_letter: bool = False

    def answer(self, end: EndEvent, proof: str = "") -> dict[str, str]:
        """Subject and body: the answer as it is given, its sources and links written out; `proof`: what is said instead
        of how to go on, to who has to prove their address.
        """
        sources = [f"{one.title}: {one.url}" for one in end.citations]
        links = [f"{label}: {url}" for label, url in end.links.items()]
        told = [end.text[:_MAX_TEXT], "\n".join(dict.fromkeys([*sources, *links]))]
        return self._mail([*(one for one in told if one), proof or self._say("mail_goes_on", "letter_goes_on")])

    def code(self, code: str, minutes: int) -> str:
        """How to prove the address."""
        return (
            f"{self.phrases.say('prove_code', code=code, minutes=str(minutes))}\n\n{self.phrases.say('prove_nobody')}"
        )

    def card(self, card: Card) -> dict[str, str]:
        """Subject and body: what the customer is asked, which only the chat can take the answer to. A `stranger` reads
        what it is about there alone: its words may be the guest's own, and no letter to whom they like.
        """
        if self.by_letter:
            return self._mail([self.phrases.say("letter_card")])
        last = self.phrases.say("mail_card", until=f"{card.expires_at:%Y-%m-%d %H:%M}")
        return self._mail([last] if self.stranger else [card.summary, last])

    def _mail(self, told: list[str]) -> dict[str, str]:
        if not self.by_letter:
            why = [self.phrases.say("mail_left", shop=self.shop)] if self.stranger else []
            told = [self.phrases.say("mail_lead"), *told, *why]
        return {"subject": self.phrases.say("mail_subject", shop=self.shop), "body": "\n\n".join(told)}

    def _say(self, promised: str, by_letter: str) -> str:
        return self.phrases.say(by_letter if self.by_letter else promised)
