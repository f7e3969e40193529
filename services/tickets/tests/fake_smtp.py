"""A mail server with faults on demand, in a thread of its own (aiosmtpd)."""

import asyncio
import datetime
import ssl
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from ipaddress import ip_address
from pathlib import Path
from typing import Any, cast

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

USER, PASSWORD = "mailer", "smtp-password"
HANG, CUT = "hang", "cut"


@dataclass
class FakeSmtp:
    """`mails` is what was accepted; `rcpt` and `data` are answers, or HANG or CUT, for the next mails.

    `after`: the same for a mail that is accepted before.
    """

    host: str = "127.0.0.1"
    port: int = 0
    mails: list[EmailMessage] = field(default_factory=list)
    rcpt: deque[str] = field(default_factory=deque)
    data: deque[str] = field(default_factory=deque)
    after: deque[str] = field(default_factory=deque)
    secure: list[bool] = field(default_factory=list)
    logins: list[str] = field(default_factory=list)
    leaving: threading.Event = field(default_factory=threading.Event)

    def settings(self, sender: str) -> dict[str, str]:
        """The environment of a ticket service that sends by it, in this name."""
        return {
            "AIGUY_SMTP_HOST": self.host, "AIGUY_SMTP_PORT": str(self.port), "AIGUY_SMTP_TLS": "none",
            "AIGUY_MAIL_FROM": sender,
        }  # fmt: skip

    async def handle_RCPT(self, server: SMTP, _: Session, envelope: Envelope, address: str, __: list[str]) -> str:
        """One recipient."""
        if self.rcpt:
            return await self._fault(server, self.rcpt.popleft())
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        """One mail."""
        if self.data:
            return await self._fault(server, self.data.popleft())
        mail = cast(EmailMessage, message_from_bytes(cast(bytes, envelope.content), policy=policy.SMTP))
        self.mails.append(mail)
        self.secure.append(session.ssl is not None)
        return await self._fault(server, self.after.popleft()) if self.after else "250 OK"

    def login(self, *args: Any) -> AuthResult:
        """AUTH."""
        given = cast(LoginPassword, args[-1])
        self.logins.append(given.login.decode())
        return AuthResult(success=(given.login, given.password) == (USER.encode(), PASSWORD.encode()), handled=False)

    async def _fault(self, server: SMTP, fault: str) -> str:
        if fault == CUT:
            cast(asyncio.Transport, server.transport).abort()
        if fault == HANG:
            await asyncio.to_thread(self.leaving.wait, 20)
        return fault if fault not in (CUT, HANG) else "451 too late"


class _OnAnyPort(Controller):
    """Looks whether it can be reached at the port that it was given, and not at the one that was asked for: none."""

    def _trigger_server(self) -> None:
        self.port = cast(asyncio.Server, self.server).sockets[0].getsockname()[1]
        super()._trigger_server()


@contextmanager
def smtp_server(certificate: Path | None = None, *, implicit: bool = False) -> Iterator[FakeSmtp]:
    """A server on a free port; with a certificate (and key) it asks for STARTTLS and a login.

    `implicit`: it speaks TLS from the first byte, and wants no login.
    """
    fake = FakeSmtp()
    more: dict[str, Any] = {}
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        more = {"ssl_context": context} if implicit else {
            "tls_context": context, "require_starttls": True, "authenticator": fake.login, "auth_required": True,
        }  # fmt: skip
    controller = _OnAnyPort(fake, hostname="127.0.0.1", port=0, ident="fake", **more)
    controller.start()
    fake.port = controller.port
    try:
        yield fake
    finally:
        fake.leaving.set()
        controller.stop()


def certificate(folder: Path) -> Path:
    """A file with a key and a certificate for 127.0.0.1 that signs itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.datetime.now(datetime.UTC)
    signed = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(1).not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path = folder / "smtp.pem"
    path.write_bytes(pem + signed.public_bytes(serialization.Encoding.PEM))
    return path
