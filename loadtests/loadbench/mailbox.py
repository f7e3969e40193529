"""A mail server beside the product, and whether every answer that was promised by e-mail came to it, once."""

import asyncio
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import asyncpg
from fake_smtp import FakeSmtp, smtp_server

_PROMISED = "SELECT count(*) FROM turns WHERE by_mail IS NOT NULL"
_OWED = "SELECT count(*) FROM pgqueuer WHERE entrypoint IN ('run_later', 'mail_answer')"
_LOOK_EVERY_S = 0.5
#: What is sent already may take so long to arrive.
_ARRIVES_S = 10.0


@dataclass(frozen=True, slots=True)
class Mailed:
    """Since the start: turns whose answer was promised, mails that came, and how many of them came again."""

    promised: int = 0
    came: int = 0
    twice: int = 0
    waited_s: float = 0.0

    @property
    def kept(self) -> bool:
        """Whether each came, and none again."""
        return self.came == self.promised and not self.twice

    def since(self, before: "Mailed") -> "Mailed":
        """What was promised and came after `before`."""
        return Mailed(
            self.promised - before.promised, self.came - before.came, self.twice - before.twice, self.waited_s
        )


@dataclass(frozen=True, slots=True)
class Mailbox:
    """Where the product's mails come to."""

    smtp: FakeSmtp

    @property
    def environment(self) -> dict[str, str]:
        """What the tickets service is told."""
        return {
            "AIGUY_SMTP_HOST": "127.0.0.1", "AIGUY_SMTP_PORT": str(self.smtp.port), "AIGUY_SMTP_TLS": "none",
            "AIGUY_MAIL_FROM": "support@shop.example",
        }  # fmt: skip

    async def settled(self, database_url: str, within_s: float) -> Mailed:
        """What came, when nothing is owed any more or `within_s` seconds are over, by the orchestrator's database."""
        connection = await asyncpg.connect(database_url)
        began = time.monotonic()
        try:
            for _ in range(round(within_s / _LOOK_EVERY_S)):
                if not await connection.fetchval(_OWED):
                    break
                await asyncio.sleep(_LOOK_EVERY_S)
            waited_s, promised = time.monotonic() - began, int(await connection.fetchval(_PROMISED))
        finally:
            await connection.close()
        for _ in range(round(_ARRIVES_S / _LOOK_EVERY_S)):
            if len(self._came()) >= promised:
                break
            await asyncio.sleep(_LOOK_EVERY_S)
        came = self._came()
        return Mailed(promised, len(came), sum(times - 1 for times in came.values()), round(waited_s, 1))

    def _came(self) -> Counter[str]:
        return Counter(str(mail["Message-ID"]) for mail in list(self.smtp.mails))


@contextmanager
def mailbox() -> Iterator[Mailbox]:
    """One on a free port of this machine."""
    with smtp_server() as smtp:
        yield Mailbox(smtp)
