"""The e-mail channel as all its parts know it: its addresses, and how mails and people are named in its table."""

import hashlib
import hmac
from dataclasses import dataclass, field

from orchestrator.channels.email.mail import Mail
from orchestrator.channels.email.replies import replied_to, reply_tag
from orchestrator.channels.email.store import Names
from orchestrator.journal.conversations import Conversation
from servicekit.addresses import mailbox
from servicekit.auth.claims import Caller, Role


@dataclass(frozen=True, slots=True)
class EmailChannel:
    """`own`: the shop's addresses. `site`: the issuer whose staff look after those who write. `authserv_id`: the server
    whose word of a sender counts. One sender is answered `per_hour` and `per_day` times at most.
    """

    own: tuple[str, ...]
    site: str
    key: bytes = field(repr=False)
    authserv_id: str = ""
    per_hour: int = 6
    per_day: int = 20

    def names(self, mail: Mail, raw: bytes, signature: str | None) -> Names:
        """The names of a mail that came. One without a Message-ID is known by its bytes."""
        message_id = mail.message_id or hashlib.sha256(raw).hexdigest()
        said = " ".join(f"{mail.text or mail.subject} {' '.join(mail.attachments)}".split()).casefold()
        return Names(
            self._hash("id", f"{mailbox(mail.sender)}|{message_id}"), self.named(message_id), self.person(mail.sender),
            self._hash("said", said), None if signature is None else self._hash("signature", signature),
            self.exact(mail.sender),
        )  # fmt: skip

    def sent(self, message_id: str, address: str) -> Names:
        """The names of a mail of ours, which the tickets service knows by this id, to this address."""
        return Names(self._hash("id", f"|{message_id}"), self._hash("ours", message_id), self.person(address))

    def named(self, message_id: str) -> str:
        """The name of a Message-ID."""
        return self._hash("message", message_id)

    def referred(self, references: tuple[str, ...]) -> list[str]:
        """The names of what a mail refers to, the nearest first: a Message-ID of ours begins with our own id of it."""
        return [name for one in references for name in (self._hash("ours", one.partition("@")[0]), self.named(one))]

    def person(self, address: str) -> str:
        """The name of a mailbox."""
        return self._hash("person", mailbox(address))

    def exact(self, address: str) -> str:
        """The name of an address as it is written, but for capitals: what is behind a `+` may be another's mailbox."""
        return self._hash("address", address.lower())

    def guest(self, address: str) -> Caller:
        """Who writes from this address, as the rest of the service knows them: a guest, who reaches no private data."""
        subject = f"guest_{self._hash('subject', mailbox(address))[:32]}"
        return Caller(subject, Role.GUEST, self.site, frozenset(), 0.0)

    def tag(self, conversation: Conversation) -> str:
        """What a reply address of this conversation holds behind its `+`; "" when replies do not belong to it: what a
        signed-in customer reads there is not for everybody who can write a From.
        """
        return "" if conversation.customer else reply_tag(conversation.id, self.key)

    def replied_to(self, mail: Mail) -> str | None:
        """The conversation whose reply address the mail was sent to."""
        return replied_to(mail.recipients, self.own, self.key)

    def _hash(self, kind: str, value: str) -> str:
        return hmac.digest(self.key, f"{kind}|{value}".encode(), "sha256").hex()


def guest_of(conversation: Conversation) -> Caller:
    """The guest whose conversation this is."""
    return Caller(conversation.identity.subject, Role.GUEST, conversation.issuer, frozenset(), 0.0)
