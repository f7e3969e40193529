"""A mail as the rules see it: what was read of it, and nothing of its bytes."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail. `headers` has all values of each name, in small letters, the topmost first.

    `sender` is the one address of From, or "" when there is none, or more than one. `text` is what is said anew: no
    quoted text, no signature. `attachments` are the names of files, which nobody opens. `message_id` and `references`
    are without their brackets; a mail without an id has "".
    """

    message_id: str
    sender: str
    subject: str
    text: str
    recipients: tuple[str, ...]
    references: tuple[str, ...]
    attachments: tuple[str, ...]
    headers: Mapping[str, tuple[str, ...]]

    def header(self, name: str) -> str:
        """The topmost value of a header, or ""."""
        return next(iter(self.headers.get(name, ())), "")
