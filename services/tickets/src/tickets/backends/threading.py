"""What makes an e-mail part of a thread: which mails it answers, and to which address a reply comes. Pure."""

from dataclasses import dataclass
from email.headerregistry import Address
from email.message import EmailMessage
from typing import Self

import orjson


@dataclass(frozen=True, slots=True)
class Threading:
    """`reply_tag` stands behind the `+` of the reply address. Message-IDs are without brackets, the oldest first."""

    reply_tag: str = ""
    in_reply_to: str = ""
    references: tuple[str, ...] = ()

    def to_text(self) -> str:
        """As it waits in the outbox; "" when there is nothing."""
        if self == Threading():
            return ""
        told = {"reply_tag": self.reply_tag, "in_reply_to": self.in_reply_to, "references": self.references}
        return orjson.dumps(told).decode()

    @classmethod
    def of_text(cls, text: str) -> Self:
        """What `to_text` wrote."""
        if not text:
            return cls()
        told = orjson.loads(text)
        return cls(told["reply_tag"], told["in_reply_to"], tuple(told["references"]))

    def reply_to(self, otherwise: Address) -> Address | None:
        """The reply address with its tag; None without one."""
        if not self.reply_tag:
            return None
        return Address(otherwise.display_name, f"{otherwise.username}+{self.reply_tag}", otherwise.domain)

    def write(self, mail: EmailMessage) -> None:
        """Its headers. An answer says that a machine wrote it, so that no other machine answers (RFC 3834)."""
        mail["Auto-Submitted"] = "auto-replied" if self.in_reply_to else "auto-generated"
        if self.in_reply_to:
            mail["In-Reply-To"] = f"<{self.in_reply_to}>"
            mail["References"] = " ".join(f"<{one}>" for one in self.references or (self.in_reply_to,))
