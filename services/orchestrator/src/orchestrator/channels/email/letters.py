"""What an answer needs of the mail that it answers, and the arguments of the tool that sends it."""

from dataclasses import asdict, dataclass
from typing import Any

import orjson

#: The tool that sends an answer.
MAIL_TOOL = "email_answer"
_MOST_REFERENCES = 20
_MAX_SUBJECT = 150
_AGAIN = ("re:", "aw:", "sv:", "antw:", "r:")


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail that is answered: its Message-ID, or "", what it refers to, the nearest first, its subject and
    the address that it came from.
    """

    message_id: str
    references: tuple[str, ...]
    subject: str
    sender: str = ""

    def to_bytes(self) -> bytes:
        """To be sealed."""
        return orjson.dumps(asdict(self))

    @classmethod
    def from_bytes(cls, stored: bytes) -> "Letter":
        """What `to_bytes` wrote."""
        told = orjson.loads(stored)
        return cls(told["message_id"], tuple(told["references"]), told["subject"], told["sender"])

    def answered(self) -> dict[str, Any]:
        """Further arguments of the mail that answers it; a mail without an id cannot be named."""
        if not self.message_id:
            return {}
        before = [one for one in reversed(self.references) if one != self.message_id]
        return {"in_reply_to": self.message_id, "references": [*before, self.message_id][-_MOST_REFERENCES:]}

    def subject_again(self, otherwise: str) -> str:
        """Its subject as that of a reply; `otherwise` when it has none."""
        subject = self.subject.strip()
        if not subject:
            return otherwise
        return (subject if subject.lower().startswith(_AGAIN) else f"Re: {subject}")[:_MAX_SUBJECT]
