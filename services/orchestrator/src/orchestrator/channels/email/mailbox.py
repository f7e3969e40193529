"""A mailbox that is read by IMAP (RFC 3501). It is only read: no mail is marked, moved or deleted.

All calls block, each for as long as the server's time-out at most: they are for a thread.
"""

import imaplib
import re
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Literal, TypeVar

_SIZE = re.compile(rb"RFC822\.SIZE (\d+)")
_QUOTED = re.compile(r'(["\\])')
#: Months as the protocol has them, whatever the machine's language is.
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
Result = TypeVar("Result")
#: What the library makes of an answer: lines, and pairs of a line and what it announced.
Parts = list[bytes | tuple[bytes, bytes]]


@dataclass(frozen=True, slots=True)
class ImapServer:
    """Where mail is fetched, and as whom. `tls`: from the first byte, by STARTTLS and never without it, or none."""

    host: str
    port: int
    tls: Literal["tls", "starttls", "none"]
    username: str
    password: str = field(repr=False)
    folder: str = "INBOX"
    ca_file: Path | None = None
    timeout_s: float = 20.0

    @property
    def name(self) -> str:
        """The mailbox, whichever way leads to it."""
        return f"{self.username}@{self.host}/{self.folder}"


class MailboxError(Exception):
    """The mailbox cannot be read now. `reason` is a short word of ours; the server's own words stay where they are."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Opened:
    """How the mailbox counts: numbers of mails mean something under one `uidvalidity`; the next mail has `uidnext`."""

    uidvalidity: int
    uidnext: int


@dataclass(frozen=True, slots=True)
class About:
    """What the server knows of a mail without its text: its bytes, and when it came."""

    size: int
    at: datetime


class Mailbox:
    """One connection. Every method raises MailboxError, after which only `close` is of use."""

    def __init__(self, server: ImapServer) -> None:
        self._server = server
        self._client: imaplib.IMAP4 | None = None

    def open(self) -> Opened:
        """Connect, sign in, and open the folder for reading alone."""
        return _understood(self._open)

    def after(self, uid: int) -> list[int]:
        """The numbers of the mails behind this one, ascending."""
        # "5:*" always names the last mail too, also when that is the fourth.
        return [one for one in self._search("UID", f"{uid + 1}:*") if one > uid]

    def since(self, day: date) -> list[int]:
        """The numbers of the mails that came on this day or later, ascending."""
        return self._search("SINCE", f"{day.day}-{_MONTHS[day.month - 1]}-{day.year}")

    def about(self, uid: int) -> About | None:
        """What is known of a mail; None when it is gone."""
        told = b" ".join(_flat(self._fetch(uid, "(RFC822.SIZE INTERNALDATE)")))
        size, at = _SIZE.search(told), imaplib.Internaldate2tuple(told)
        if size is None or at is None:
            return None
        return About(int(size[1]), datetime.fromtimestamp(time.mktime(at), UTC))

    def fetch(self, uid: int) -> bytes | None:
        """The bytes of a mail; None when it is gone."""
        parts = [one[1] for one in self._fetch(uid, "(BODY.PEEK[])") if isinstance(one, tuple)]
        return parts[0] if parts else None

    def close(self) -> None:
        """Leave without a farewell that could hang."""
        if self._client is not None:
            self._client.shutdown()
            self._client = None

    def _open(self) -> Opened:
        server = self._server
        context = ssl.create_default_context(cafile=str(server.ca_file) if server.ca_file else None)
        if server.tls == "tls":
            client: imaplib.IMAP4 = imaplib.IMAP4_SSL(
                server.host, server.port, ssl_context=context, timeout=server.timeout_s
            )
        else:
            client = imaplib.IMAP4(server.host, server.port, timeout=server.timeout_s)
        self._client = client
        if server.tls == "starttls":
            client.starttls(context)
        client.login(_quoted(server.username), server.password)
        client.select(_quoted(server.folder), readonly=True)
        return Opened(_number(client, "UIDVALIDITY"), _number(client, "UIDNEXT"))

    def _search(self, *what: str) -> list[int]:
        found = _understood(lambda: _answered(self._asked().uid("SEARCH", *what)))
        return sorted(int(one) for part in found if isinstance(part, bytes) for one in part.split() if one.isdigit())

    def _fetch(self, uid: int, what: str) -> Parts:
        return _understood(lambda: _answered(self._asked().uid("FETCH", str(uid), what)))

    def _asked(self) -> imaplib.IMAP4:
        if self._client is None:
            raise MailboxError("closed")
        return self._client


def _understood(ask: Callable[[], Result]) -> Result:
    """What the server says, or a MailboxError for whatever it does instead."""
    try:
        answer = ask()
    except imaplib.IMAP4.abort as error:
        raise MailboxError("cut") from error
    except imaplib.IMAP4.error as error:
        raise MailboxError("refused") from error
    except TimeoutError as error:
        raise MailboxError("timeout") from error
    except ssl.SSLError as error:
        raise MailboxError("tls") from error
    except (OSError, ValueError) as error:
        raise MailboxError("unavailable") from error
    return answer


def _answered(told) -> Parts:  # type: ignore[no-untyped-def]
    state, parts = told
    if state != "OK":
        raise MailboxError("refused")
    return [one for one in parts if one is not None]


def _flat(parts: Parts) -> list[bytes]:
    return [one if isinstance(one, bytes) else b" ".join(one) for one in parts]


def _number(client: imaplib.IMAP4, name: str) -> int:
    _, values = client.response(name)
    found = values[0] if values else None
    if not isinstance(found, bytes) or not found.isdigit():
        raise MailboxError("refused")
    return int(found)


def _quoted(text: str) -> str:
    """A quoted string: the library sends some words as they are."""
    return '"' + _QUOTED.sub(r"\\\1", text) + '"'
