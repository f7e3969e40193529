"""Mails that are fetched by IMAP: each once, whatever dies or breaks meanwhile. The server speaks the real protocol."""

import secrets
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import pytest
import pytest_asyncio
from fastapi import FastAPI
from pydantic import SecretStr

from orchestrator.app import build
from orchestrator.channels.email.mailbox import ImapServer, Mailbox, MailboxError
from orchestrator.channels.email.polling import MailboxReader
from orchestrator.channels.email.taking import MAX_MAIL_BYTES, MailRoom
from orchestrator.settings import Settings
from servicekit.auth.keys import KeySet
from servicekit.crypto import Keyring
from servicekit.db.errors import down
from servicekit.errors import ProblemError
from servicekit.kit import open_kit
from servicekit.telemetry import Metrics
from servicekit.testing import TestIssuer, eventually

from .fake_imap import CUT, HANG, NO, PASSWORD, USER, FakeImap, certificate, imap_server

pytestmark = [pytest.mark.service, pytest.mark.asyncio(loop_scope="module")]
SHOP = "support@shop.example"


@dataclass
class Office:
    """A shop whose mails are fetched, by hand. `db` looks behind its back."""

    app: FastAPI
    db: "asyncpg.Connection[asyncpg.Record]"
    reader: MailboxReader
    fake: FakeImap

    async def read(self) -> int:
        """A pass, whether it is time or not."""
        await self.db.execute("UPDATE mailboxes SET due_at = now() WHERE name = $1", self.reader.name)
        return await self.reader.read()

    async def taken(self, sender: str) -> int:
        """How many turns the sender's mails have."""
        person = self.reader.room.channel.person(sender)
        count: int = await self.db.fetchval(
            "SELECT count(*) FROM mails WHERE person = $1 AND outcome = 'taken' AND turn_id IS NOT NULL", person
        )
        return count

    async def bookmark(self) -> Any:
        return await self.db.fetchrow("SELECT * FROM mailboxes WHERE name = $1", self.reader.name)

    def counted(self, result: str) -> float:
        value: float = self.reader.passes.labels(result)._value.get()
        return value


def someone() -> str:
    return f"ada{secrets.token_hex(4)}@example.org"


def mail(sender: str, words: str = "How long is the warranty?", message_id: str = "") -> bytes:
    told = (
        f"From: Ada <{sender}>", f"To: {SHOP}", "Subject: Warranty",
        f"Message-ID: <{message_id or secrets.token_hex(8)}@example.org>", "", words,
    )  # fmt: skip
    return "\r\n".join(told).encode()


async def forget(db: "asyncpg.Connection[asyncpg.Record]") -> None:
    """No mailbox was ever read."""
    await db.execute("DELETE FROM mails_aside")
    await db.execute("DELETE FROM mailboxes")


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory, database_url: Callable[[str], str], redis_url: str) -> Settings:
    keys = tmp_path_factory.mktemp("keys")
    KeySet.generate().save(keys / "signing.json")
    (keys / "master.json").write_text(Keyring.generate().to_json())
    (keys / "issuers.json").write_text("[]")
    return Settings(
        environment="test", database_url=database_url("orchestrator"), redis_url=redis_url, worker="off",
        master_key_file=keys / "master.json", signing_keys=keys / "signing.json", issuers_file=keys / "issuers.json",
        email_addresses=(SHOP,), imap_host="127.0.0.1", imap_username=USER, imap_password=SecretStr(PASSWORD),
        rate_factor=1000, queue_patience_s=1e9,
    )  # fmt: skip


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def app(settings: Settings) -> AsyncIterator[FastAPI]:
    issuer = TestIssuer.create()
    app = build(settings, kit_factory=lambda told: open_kit(told, issuers=[issuer.trust]))
    async with app.router.lifespan_context(app):
        yield app


@pytest.fixture
def fake() -> Iterator[FakeImap]:
    with imap_server() as found:
        yield found


@pytest_asyncio.fixture(loop_scope="module")
async def office(app: FastAPI, settings: Settings, fake: FakeImap) -> AsyncIterator[Office]:
    """With a mailbox of its own, which was opened once."""
    passes = Metrics().counter("aiguy_mailbox_reads_total", "Reads", ["result"])
    connection = await asyncpg.connect(settings.database_url)
    server = ImapServer("127.0.0.1", fake.port, "none", USER, PASSWORD)
    reader = MailboxReader(app.state.desk.database, app.state.desk, app.state.mail_room, server, 30.0, passes)
    await forget(connection)
    found = Office(app, connection, reader, fake)
    fake.put(mail(someone(), "Of last year."))
    assert await found.read() == 0
    yield found
    await connection.close()


async def test_a_mail_that_comes_is_taken_and_what_was_there_before_is_not(office: Office) -> None:
    sender = someone()
    uid = office.fake.put(mail(sender))
    assert await office.read() == 1
    assert await office.taken(sender) == 1
    assert office.fake.fetched == [uid], "not that of last year"
    assert await office.read() == 0
    assert set(office.fake.commands) == {"CAPABILITY", "LOGIN", "EXAMINE", "SEARCH", "FETCH"}, "it is only read"


async def test_it_is_read_when_it_is_time_and_by_one_reader_alone(office: Office) -> None:
    office.fake.put(mail(someone()))
    assert await office.reader.read() == 0, "it was read a moment ago"
    before = len(office.fake.commands)
    assert await office.read() == 1
    assert await office.reader.read() == 0
    assert office.fake.commands[before:].count("LOGIN") == 1


async def test_who_dies_between_taking_and_noting_takes_it_once(office: Office) -> None:
    sender, others = someone(), someone()
    uid = office.fake.put(mail(sender))
    office.fake.put(mail(others))
    assert await office.read() == 2
    # As if the process had died before it noted what it had taken.
    await office.db.execute("UPDATE mailboxes SET last_uid = $1", uid - 1)
    assert await office.read() == 2
    assert (await office.taken(sender), await office.taken(others)) == (1, 1)


async def test_a_line_that_breaks_in_the_middle_goes_on_where_it_was(office: Office) -> None:
    people = [someone() for _ in range(3)]
    uids = [office.fake.put(mail(one)) for one in people]
    office.fake.fault("FETCH", "", "", "", CUT)  # size and bytes of the first mail, the size of the second
    assert await office.read() == 0
    assert office.counted("cut") == 1
    assert (await office.bookmark())["last_uid"] == uids[0]
    assert await office.read() == 2
    assert [await office.taken(one) for one in people] == [1, 1, 1]
    assert office.fake.fetched.count(uids[0]) == 1


async def test_a_broken_mail_is_set_aside_and_the_others_go_on(office: Office) -> None:
    first, broken, last = someone(), someone(), someone()
    office.fake.put(mail(first))
    uid = office.fake.put(mail(broken))
    office.fake.put(mail(last))

    class Choking(MailRoom):
        async def take(self, desk: Any, raw: bytes, signature: str | None = None) -> str:
            if broken.encode() in raw:
                raise RuntimeError("nobody expected this")
            return await super().take(desk, raw, signature)

    room = office.reader.room
    office.reader = replace(office.reader, room=Choking(room.channel, room.languages, room.heard))
    assert await office.read() == 3
    assert [await office.taken(one) for one in (first, broken, last)] == [1, 0, 1]
    aside = await office.db.fetch("SELECT uid, reason FROM mails_aside")
    assert [tuple(one) for one in aside] == [(uid, "RuntimeError")]
    assert await office.read() == 0


async def test_a_mail_that_is_too_large_is_not_even_fetched(office: Office) -> None:
    uid = office.fake.put(mail(someone(), "x" * (MAX_MAIL_BYTES + 1)))
    sender = someone()
    office.fake.put(mail(sender))
    assert await office.read() == 2
    assert uid not in office.fake.fetched
    assert await office.taken(sender) == 1
    assert await office.db.fetchval("SELECT reason FROM mails_aside WHERE uid = $1", uid) == "too_large"


async def test_while_the_database_is_away_nothing_is_passed_or_set_aside(office: Office) -> None:
    sender = someone()
    office.fake.put(mail(sender))
    before = (await office.bookmark())["last_uid"]

    class Away(MailRoom):
        async def take(self, desk: Any, raw: bytes, signature: str | None = None) -> str:
            raise down()

    room = office.reader.room
    whole = office.reader
    office.reader = replace(whole, room=Away(room.channel, room.languages, room.heard))
    with pytest.raises(ProblemError):
        await office.read()
    assert (await office.bookmark())["last_uid"] == before
    assert await office.db.fetchval("SELECT count(*) FROM mails_aside") == 0
    office.reader = whole
    assert await office.read() == 1
    assert await office.taken(sender) == 1


async def test_a_server_that_counts_anew_is_read_again_and_no_mail_is_answered_twice(office: Office) -> None:
    known, missed = someone(), someone()
    office.fake.put(mail(known))
    assert await office.read() == 1
    office.fake.mails[1] = (datetime.now(UTC) - timedelta(hours=2), office.fake.mails[1][1])
    office.fake.put(mail(missed))
    office.fake.renumber(2000)
    office.fake.fetched.clear()
    await office.read()
    assert (await office.taken(known), await office.taken(missed)) == (1, 1)
    assert 1 not in office.fake.fetched, "what was there before the beginning stays unanswered"
    assert (await office.bookmark())["uidvalidity"] == 2000


async def test_a_mail_that_is_gone_when_it_is_asked_for_holds_nobody_up(office: Office) -> None:
    sender = someone()
    uid = office.fake.put(mail(someone()))
    office.fake.put(mail(sender))
    there = Mailbox(office.reader.server)
    try:
        there.open()
        found = there.after(uid - 1)
        del office.fake.mails[uid]
        assert (there.about(uid), there.fetch(uid)) == (None, None)
        assert there.after(uid) == found[1:]
    finally:
        there.close()
    assert await office.read() == 1
    assert await office.taken(sender) == 1


@pytest.mark.parametrize(
    ("command", "fault", "result"), [("LOGIN", NO, "refused"), ("EXAMINE", NO, "refused"), ("SEARCH", CUT, "cut"),
    ("EXAMINE", HANG, "timeout")],
)  # fmt: skip
async def test_what_goes_wrong_has_a_name_and_the_next_pass_is_well(
    office: Office, command: str, fault: str, result: str
) -> None:
    server = replace(office.reader.server, timeout_s=0.5)
    office.reader = replace(office.reader, server=server)
    sender = someone()
    office.fake.put(mail(sender))
    office.fake.fault(command, fault)
    assert await office.read() == 0
    assert office.counted(result) == 1
    assert await office.read() == 1
    assert await office.taken(sender) == 1


async def test_a_server_that_is_down_is_asked_less_and_less_often_and_nothing_is_lost(
    app: FastAPI, settings: Settings
) -> None:
    fake, sender = FakeImap(), someone()
    passes = Metrics().counter("aiguy_mailbox_reads_total", "Reads", ["result"])
    with imap_server(fake=fake):
        server = ImapServer("127.0.0.1", fake.port, "none", USER, PASSWORD, timeout_s=2.0)
        reader = MailboxReader(app.state.desk.database, app.state.desk, app.state.mail_room, server, 30.0, passes)
        connection = await asyncpg.connect(settings.database_url)
        await forget(connection)
        office = Office(app, connection, reader, fake)
        await office.read()
    pauses = []
    for _ in range(7):
        assert await office.read() == 0
        pauses.append(await connection.fetchval("SELECT round(extract(epoch FROM due_at - now())) FROM mailboxes"))
    assert [int(one) for one in pauses] == [60, 120, 240, 480, 900, 900, 900]
    fake.put(mail(sender))
    with imap_server(fake=fake):
        assert await office.read() == 1
    row = await office.bookmark()
    assert (row["failures"], await office.taken(sender)) == (0, 1)
    await connection.close()


async def test_a_certificate_that_nobody_signed_is_not_believed(tmp_path: Path) -> None:
    path = certificate(tmp_path)
    with imap_server(path) as fake:
        server = ImapServer("127.0.0.1", fake.port, "tls", USER, PASSWORD, timeout_s=5.0)
        with pytest.raises(MailboxError, match="tls"):
            Mailbox(server).open()
        believed = Mailbox(replace(server, ca_file=path))
        assert believed.open().uidvalidity == fake.uidvalidity
        believed.close()
    assert PASSWORD not in repr(server)


async def test_the_running_service_reads_by_itself(settings: Settings, fake: FakeImap) -> None:
    """Through the settings and the composition root, as a worker does."""
    issuer, sender = TestIssuer.create(), someone()
    told = {
        "imap_port": fake.port, "imap_tls": "none", "imap_every_s": 0.05, "imap_timeout_s": 1.0, "worker": "with-api",
        "service": "read",
    }  # fmt: skip
    settings = settings.model_copy(update=told)
    app = build(settings, kit_factory=lambda asked: open_kit(asked, issuers=[issuer.trust]))
    connection = await asyncpg.connect(settings.database_url)
    await forget(connection)
    async with app.router.lifespan_context(app):
        await eventually(lambda: "EXAMINE" in fake.commands, 20)

        async def opened() -> bool:
            return bool(await connection.fetchval("SELECT read_at FROM mailboxes"))

        await eventually(opened, 20)
        fake.put(mail(sender))
        person = app.state.mail_room.channel.person(sender)

        async def taken() -> bool:
            return bool(await connection.fetchval("SELECT count(*) FROM mails WHERE person = $1", person))

        await eventually(taken, 20)
    await connection.close()


@pytest.mark.parametrize(
    "wrong",
    [{"imap_username": ""}, {"imap_password": SecretStr("")}, {"email_addresses": ()},
     {"imap_tls": "none", "environment": "production"}, {"imap_host": "a host"}],
)  # fmt: skip
def test_half_a_mailbox_stops_the_start(settings: Settings, wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"AIGUY_|imap_host") as refused:
        Settings.model_validate(settings.model_dump() | wrong)
    assert PASSWORD not in str(refused.value)
