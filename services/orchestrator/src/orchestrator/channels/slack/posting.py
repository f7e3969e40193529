"""Messages of ours in Slack, each there once, whatever dies: noted before it is sent, and looked for before it is sent
again by the mark that it carries. Whoever posts holds the lease of its side of the conversation.
"""

import hashlib
from dataclasses import dataclass
from typing import Any, assert_never

from prometheus_client import Counter
from slack_sdk.web.async_client import AsyncWebClient

from orchestrator.channels.slack.channel import SlackChannel
from orchestrator.channels.slack.posts import Post, begin_post, find_post, post_stands, undo_post
from orchestrator.channels.slack.store import Lease, Target, renew
from orchestrator.channels.slack.writing import Message
from servicekit.db.pool import Database
from servicekit.encoding import canonical_json
from servicekit.logging import get_logger
from servicekit.slack import Answered, NotEver, NotNow, outcome_of

_EVENT = "aiguy_message"
#: Clocks differ: what was begun now may be older by Slack's.
_SKEW_S = 60.0
_LOOKED_AT = 200
#: How long to leave a side of a conversation to who posts there.
HELD_S = 1.0


class NotShown(Exception):
    """Not all stands in Slack; it may later, not before `pause_s` seconds when Slack named a time."""

    def __init__(self, reason: str, pause_s: float | None = None) -> None:
        super().__init__(reason)
        self.reason, self.pause_s = reason, pause_s


@dataclass(frozen=True, slots=True)
class Poster:
    """Posts and changes messages. `posts` counts what came of each call."""

    client: AsyncWebClient
    database: Database
    channel: SlackChannel
    posts: Counter

    async def show(self, lease: Lease, post_id: str, target: Target, message: Message, *, closed: bool = False) -> None:
        """Have the message `post_id` show this at the target, and for ever when it is `closed`. Raises NotShown."""
        wanted = _fingerprint(message)
        post = await self._begun(lease, post_id)
        if post is not None and (post.closed or post.shown == wanted):
            if closed and not post.closed:
                await self._stands(post_id, target, post.ts or "", wanted, closed=True)
            return
        ts = None if post is None else post.ts or await self._found(post, target)
        call = self._post(post_id, target, message) if ts is None else self._update(post_id, target, ts, message)
        found = await outcome_of(call)
        match found:
            case Answered(told=told):
                self.posts.labels("posted" if ts is None else "updated").inc()
                await self._stands(post_id, target, str(told.get("ts") or ts), wanted, closed=closed)
            case NotNow(reason=reason, pause_s=pause_s, done=done):
                self.posts.labels(reason).inc()
                if ts is None and not done:
                    async with self.database.primary() as db:
                        await undo_post(db, post_id)
                raise NotShown(reason, pause_s)
            case NotEver(code=code):
                # Somebody deleted it, or Slack will not have it: another attempt shows nothing either.
                self.posts.labels("refused").inc()
                get_logger().error("slack_refused", code=code, new=ts is None)
                await self._stands(post_id, target, ts or "", wanted, closed=True)
            case _:
                assert_never(found)

    async def _begun(self, lease: Lease, post_id: str) -> Post | None:
        """The message as it is noted; None when it is new, and noted now."""
        async with self.database.transaction() as db:
            if not await renew(db, lease):
                raise NotShown("lease_lost")
            post = await find_post(db, post_id)
            if post is None:
                await begin_post(db, post_id, lease.conversation_id)
        return post

    async def _stands(self, post_id: str, target: Target, ts: str, shown: str, *, closed: bool) -> None:
        async with self.database.primary() as db:
            await post_stands(db, post_id, ts, self.channel.post(target.channel, ts), shown, closed=closed)

    async def _found(self, post: Post, target: Target) -> str | None:
        """The `ts` of a message that was begun, and of which nobody heard. Raises NotShown when that cannot be seen."""
        told: dict[str, Any] = {
            "channel": target.channel, "limit": _LOOKED_AT, "include_all_metadata": True,
            "oldest": f"{post.begun_at.timestamp() - _SKEW_S:.6f}",
        }  # fmt: skip
        call = (
            self.client.conversations_replies(ts=target.thread, **told) if target.thread
            else self.client.conversations_history(**told)
        )  # fmt: skip
        found = await outcome_of(call)
        if not isinstance(found, Answered):
            reason = found.reason if isinstance(found, NotNow) else "refused"
            self.posts.labels(f"look_{reason}").inc()
            raise NotShown(reason, found.pause_s if isinstance(found, NotNow) else None)
        mark = _mark(post.id)
        for one in found.told.get("messages") or ():
            if (one.get("metadata") or {}).get("event_payload", {}).get("mark") == mark:
                self.posts.labels("found_again").inc()
                return str(one["ts"])
        return None

    def _post(self, post_id: str, target: Target, message: Message):  # type: ignore[no-untyped-def]
        thread: dict[str, Any] = {"thread_ts": target.thread} if target.thread else {}
        return self.client.chat_postMessage(
            channel=target.channel, unfurl_links=False, unfurl_media=False, **thread, **_shown(post_id, message)
        )

    def _update(self, post_id: str, target: Target, ts: str, message: Message):  # type: ignore[no-untyped-def]
        return self.client.chat_update(channel=target.channel, ts=ts, **_shown(post_id, message))


def _shown(post_id: str, message: Message) -> dict[str, Any]:
    return {
        "text": message.text, "blocks": list(message.blocks), "parse": "none", "link_names": False,
        "metadata": {"event_type": _EVENT, "event_payload": {"mark": _mark(post_id)}},
    }  # fmt: skip


def _mark(post_id: str) -> str:
    """What a message of ours carries, by which we know it again; it tells nobody else anything."""
    return hashlib.sha256(f"slack-post|{post_id}".encode()).hexdigest()[:32]


def _fingerprint(message: Message) -> str:
    return hashlib.sha256(canonical_json([message.text, message.blocks])).hexdigest()
