"""E-mail by SMTP. What the server says decides whether it is tried again; none of its words go further.

4xx                      again                  no connection, cut, slow    again: it may have arrived
5xx for address or text  refused, for good      our login, our sender       again, and our operators are told
"""

from dataclasses import dataclass
from email.headerregistry import Address
from pathlib import Path
from typing import ClassVar, Literal

import aiosmtplib

from servicekit.addresses import is_address
from servicekit.logging import get_logger
from tickets.backends.mail_message import compose
from tickets.outbox.message import Delivered, Kind, OutboxMessage, Outcome, Refused, TryAgain

_PERMANENT = 500


@dataclass(frozen=True, slots=True)
class SmtpServer:
    """Where mail is handed in, and as whom. `tls`: from the first byte, by STARTTLS and never without it, or none."""

    host: str
    port: int
    tls: Literal["tls", "starttls", "none"]
    username: str | None = None
    password: str | None = None
    ca_file: Path | None = None
    timeout_s: float = 10.0


@dataclass(frozen=True, slots=True)
class SmtpDelivery:
    """A `Delivery`: a connection of its own for each message."""

    kind: ClassVar[Kind] = Kind.EMAIL
    server: SmtpServer
    sender: Address
    reply_to: Address | None = None

    async def deliver(self, message: OutboxMessage) -> Outcome:
        """One attempt."""
        if not is_address(message.recipient):
            return Refused("address")
        try:
            await self._hand_in(message)
        except aiosmtplib.SMTPRecipientsRefused as error:
            return _by_code(max((one.code for one in error.recipients), default=0), "recipient_refused")
        except aiosmtplib.SMTPDataError as error:
            return _by_code(error.code, "message_refused")
        except (aiosmtplib.SMTPAuthenticationError, aiosmtplib.SMTPSenderRefused, aiosmtplib.SMTPNotSupported) as error:
            get_logger().error("smtp_refuses_us", error=type(error).__name__)
            return TryAgain("refuses_us")
        except (aiosmtplib.SMTPException, OSError, ValueError) as error:
            return TryAgain("timeout" if isinstance(error, TimeoutError) else "unavailable")
        return Delivered()

    async def _hand_in(self, message: OutboxMessage) -> None:
        server = self.server
        client = aiosmtplib.SMTP(
            hostname=server.host, port=server.port, timeout=server.timeout_s, use_tls=server.tls == "tls",
            start_tls=server.tls == "starttls", cert_bundle=str(server.ca_file) if server.ca_file else None,
            username=server.username, password=server.password,
        )  # fmt: skip
        try:
            await client.connect()
            mail = compose(message, self.sender, self.reply_to)
            await client.send_message(mail, sender=self.sender.addr_spec, recipients=[message.recipient])
        finally:
            # No farewell: it is handed in once DATA was answered, and a QUIT that fails would say otherwise.
            client.close()


def _by_code(code: int, reason: str) -> Outcome:
    return Refused(reason) if code >= _PERMANENT else TryAgain(reason)
