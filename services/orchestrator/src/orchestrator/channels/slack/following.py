"""An answer while it is written: one message that grows, no oftener than Slack likes. No answer depends on it: a turn
that ends or waits makes a job of its own that shows what stands then.
"""

import asyncio
from dataclasses import dataclass, field

import orjson

from orchestrator.channels.slack.posting import NotShown, Poster
from orchestrator.channels.slack.store import Lease, Target, renew
from orchestrator.channels.slack.writing import partial
from orchestrator.guard.vault import Vault
from orchestrator.journal.conversations import Conversation
from orchestrator.journal.views import turn_view
from orchestrator.stream.frames import BEFORE_ALL, EventId, frame_id, is_last, split_frames
from orchestrator.stream.hub import Hub

#: Slack takes about one message a second in a channel.
EVERY_S = 1.2
#: Longer than any turn works.
_FOLLOW_S = 45.0
#: So many turns are followed at once in a process; the answers of others come whole.
_MOST = 8
_CHUNK, _CARDS = b"\nevent: chunk\n", (b"\nevent: confirmation\n", b"\nevent: approval\n")


@dataclass(slots=True)
class _Told:
    """What was heard of a turn: its text, up to an event. `over`: nothing more comes before it ends or goes on."""

    text: str = ""
    last: EventId = BEFORE_ALL
    over: bool = False

    def hear(self, batch: bytes) -> None:
        for frame in split_frames(batch):
            if (own := frame_id(frame)) <= self.last:
                continue
            self.last = own
            if _CHUNK in frame:
                chunk = orjson.loads(frame.partition(b"\ndata: ")[2])
                self.text = self.text[: chunk["offset"]] + chunk["text"]
            self.over = self.over or is_last(frame) or any(one in frame for one in _CARDS)


@dataclass(frozen=True, slots=True)
class Follower:
    """Shows answers as they grow."""

    poster: Poster
    hub: Hub
    at_once: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(_MOST))

    async def follow(
        self, lease: Lease, conversation: Conversation, target: Target, turn_id: str, vault: Vault
    ) -> None:
        """Until the turn has ended, or waits. Raises NotShown when the lease is lost."""
        if self.at_once.locked():
            return
        async with self.at_once, self.hub.follow(turn_id, conversation.sealer) as mailbox:
            loop, told, shown = asyncio.get_running_loop(), _Told(), ""
            until, due = loop.time() + _FOLLOW_S, 0.0
            batch: bytes | None = None
            while loop.time() < until and not told.over:
                told.hear(batch if batch else b"".join(await self.hub.stored(turn_id, told.last, conversation.sealer)))
                if told.text != shown and loop.time() >= due and not told.over:
                    due = loop.time() + await self._show(lease, target, turn_id, told.text, vault)
                    shown = told.text
                try:
                    batch = await mailbox.take(EVERY_S)
                except TimeoutError:
                    batch = None
                    if not await self._works(lease, conversation, turn_id):
                        return

    async def _show(self, lease: Lease, target: Target, turn_id: str, text: str, vault: Vault) -> float:
        """Show the text so far; the seconds until it may be shown again."""
        # Where others read, not even what somebody wrote of themselves is said again.
        said = text if target.user else vault.for_strangers(vault.mask_known(text))
        try:
            await self.poster.show(lease, answer_id(turn_id), target, partial(said))
        except NotShown as error:
            if error.reason == "lease_lost":
                raise
            return error.pause_s or EVERY_S * 4
        return EVERY_S

    async def _works(self, lease: Lease, conversation: Conversation, turn_id: str) -> bool:
        async with self.poster.database.primary() as db:
            if not await renew(db, lease):
                raise NotShown("lease_lost")
            view = await turn_view(db, conversation, turn_id)
        return view is not None and view.status in ("queued", "running")


def answer_id(turn_id: str, number: int = 0) -> str:
    """The name of a message with an answer, or of its `number`th piece."""
    return f"answer|{turn_id}|{number}"
