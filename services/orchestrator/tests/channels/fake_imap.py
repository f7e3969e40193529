"""An IMAP server (RFC 3501) with faults on demand, in threads of its own. It has what a reader of one folder needs."""

import re
import socket
import socketserver
import ssl
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

USER, PASSWORD = "support@shop.example", 'imap "pass" \\word'
HANG, CUT, NO = "hang", "cut", "no"
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_WORD = re.compile(r'"((?:[^"\\]|\\.)*)"|(\S+)')


@dataclass
class FakeImap:
    """`mails` by their numbers: when each came, and its bytes. `faults` are for the next commands of a name, such as
    FETCH: HANG, CUT or NO. `fetched` has what was asked for whole.
    """

    host: str = "127.0.0.1"
    port: int = 0
    uidvalidity: int = 1000
    mails: dict[int, tuple[datetime, bytes]] = field(default_factory=dict)
    next: int = 1
    faults: dict[str, deque[str]] = field(default_factory=dict)
    fetched: list[int] = field(default_factory=list)
    commands: list[str] = field(default_factory=list)
    leaving: threading.Event = field(default_factory=threading.Event)

    def put(self, mail: bytes, at: datetime | None = None) -> int:
        """A mail comes; its number."""
        uid, self.next = self.next, self.next + 1
        self.mails[uid] = (at or datetime.now(UTC), mail)
        return uid

    def renumber(self, uidvalidity: int) -> None:
        """The server counts anew: what is there has other numbers."""
        there = [self.mails[uid] for uid in sorted(self.mails)]
        self.uidvalidity, self.next, self.mails = uidvalidity, len(there) + 1, dict(enumerate(there, 1))

    def fault(self, command: str, *faults: str) -> None:
        """What the next commands of this name end in."""
        self.faults[command] = deque(faults)


class _Session(socketserver.StreamRequestHandler):
    server: "_Server"

    def handle(self) -> None:
        self._say("* OK the tests' own server")
        for raw in self.rfile:
            tag, *words = [
                re.sub(r"\\(.)", r"\1", quoted) if quoted else plain
                for quoted, plain in _WORD.findall(raw.decode("utf-8").strip())
            ]
            if not words or not self._answer(tag, [one.upper() for one in words[:2]], words):
                return

    def _answer(self, tag: str, name: list[str], words: list[str]) -> bool:
        """False when the connection ends."""
        fake, command = self.server.fake, name[1] if name[0] == "UID" else name[0]
        fake.commands.append(command)
        waiting = fake.faults.get(command)
        fault = waiting.popleft() if waiting else ""
        if fault == CUT:
            self.connection.shutdown(socket.SHUT_RDWR)
            return False
        if fault == HANG:
            fake.leaving.wait(20)
            return False
        good = fault != NO and self._told(command, words)
        self._say(f"{tag} {'OK' if good else 'NO'} {command} done")
        return command != "LOGOUT"

    def _told(self, command: str, words: list[str]) -> bool:
        fake = self.server.fake
        match command:
            case "CAPABILITY":
                self._say("* CAPABILITY IMAP4rev1")
            case "LOGIN":
                return words[1:] == [USER, PASSWORD]
            case "EXAMINE":
                self._say(f"* {len(fake.mails)} EXISTS")
                self._say(f"* OK [UIDVALIDITY {fake.uidvalidity}] numbers are good")
                self._say(f"* OK [UIDNEXT {fake.next}] the next one")
                return words[1] == "INBOX"
            case "SEARCH":
                found = self._found(words[2].upper(), words[3])
                self._say(" ".join(["* SEARCH", *map(str, found)]))
            case "FETCH":
                self._fetch(int(words[2]), " ".join(words[3:]).upper())
            case "LOGOUT":
                self._say("* BYE")
            case _:
                return False
        return True

    def _found(self, what: str, value: str) -> list[int]:
        mails = self.server.fake.mails
        if what == "UID":
            first = int(value.partition(":")[0])
            # As the protocol has it: the last mail is in the range, however small its number is.
            return sorted({uid for uid in mails if uid >= first} | ({max(mails)} if mails else set()))
        day, month, year = value.split("-")
        since = datetime(int(year), _MONTHS.index(month) + 1, int(day), tzinfo=UTC)
        return sorted(uid for uid, (at, _) in mails.items() if at >= since)

    def _fetch(self, uid: int, what: str) -> None:
        fake = self.server.fake
        if uid not in fake.mails:
            return
        at, mail = fake.mails[uid]
        place = sorted(fake.mails).index(uid) + 1
        if "BODY.PEEK[]" in what:
            fake.fetched.append(uid)
            self.wfile.write(f"* {place} FETCH (UID {uid} BODY[] {{{len(mail)}}}\r\n".encode() + mail + b")\r\n")
            return
        when = f"{at.day:02d}-{_MONTHS[at.month - 1]}-{at.year} {at:%H:%M:%S} +0000"
        self._say(f'* {place} FETCH (UID {uid} RFC822.SIZE {len(mail)} INTERNALDATE "{when}")')

    def _say(self, line: str) -> None:
        self.wfile.write(f"{line}\r\n".encode())


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address, daemon_threads, block_on_close = True, True, False

    def __init__(self, fake: FakeImap, context: ssl.SSLContext | None, port: int) -> None:
        self.fake, self._context = fake, context
        super().__init__((fake.host, port), _Session)

    def get_request(self) -> tuple[socket.socket, object]:
        connection, address = super().get_request()
        if self._context is not None:
            connection = self._context.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
        return connection, address

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that goes away in the middle is no news."""


@contextmanager
def imap_server(certificate: Path | None = None, fake: FakeImap | None = None) -> Iterator[FakeImap]:
    """A server on a free port, or on that of `fake`, which was there before; with a certificate it speaks TLS."""
    fake = fake or FakeImap()
    context = None
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
    server = _Server(fake, context, fake.port)
    fake.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield fake
    finally:
        fake.leaving.set()
        server.shutdown()
        server.server_close()
        thread.join()
        fake.leaving = threading.Event()


def certificate(folder: Path) -> Path:
    """A file with a key and a certificate for 127.0.0.1 that signs itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(1).not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path = folder / "imap.pem"
    path.write_bytes(pem + signed.public_bytes(serialization.Encoding.PEM))
    return path
