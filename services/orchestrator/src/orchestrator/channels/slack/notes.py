"""A word to one person in Slack about what they have just done. It is no part of a conversation, and is said once or
never: whoever does it again hears it again.
"""

import asyncio
from dataclasses import dataclass, field
from typing import Any

from prometheus_client import Counter
from slack_sdk.web.async_client import AsyncWebClient

from orchestrator.channels.slack.events import Heard
from orchestrator.effects.phrases import PhraseBook
from servicekit.background import stop
from servicekit.language import LanguageDetector
from servicekit.slack import Answered, escaped, outcome_of


@dataclass(frozen=True, slots=True)
class Reader:
    """Who is told, and where: only they see it. `words` show their language."""

    channel: str
    user: str
    thread: str
    direct: bool
    words: str = ""


@dataclass(frozen=True, slots=True)
class Notes:
    """Says them behind the request's back: Slack waits for our answer, not for its own."""

    client: AsyncWebClient
    phrases: PhraseBook
    languages: LanguageDetector
    posts: Counter
    _under_way: set[asyncio.Task[None]] = field(default_factory=set)

    def tell(self, to: Reader | Heard, phrase: str) -> None:
        """Say a phrase, in the language of what they wrote or read."""
        reader = _reader(to)
        language = self.languages.detect(reader.words) or "en"
        self.say(reader, self.phrases.in_language(language).say(phrase))

    def say(self, to: Reader | Heard, text: str) -> None:
        """Say this."""
        task = asyncio.create_task(self._said(_reader(to), text), name="slack-note")
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    async def close(self) -> None:
        """Give up what is not said yet."""
        await stop(list(self._under_way))

    async def _said(self, to: Reader, text: str) -> None:
        told: dict[str, Any] = {"channel": to.channel, "text": escaped(text), "parse": "none", "link_names": False}
        told |= {"thread_ts": to.thread} if to.thread else {}
        call = self.client.chat_postMessage(**told) if to.direct else self.client.chat_postEphemeral(
            user=to.user, **told
        )  # fmt: skip
        found = await outcome_of(call)
        # Open on purpose: what it is about is done or refused already, and stands in the audit or the metrics.
        self.posts.labels("note" if isinstance(found, Answered) else "note_lost").inc()


def _reader(to: Reader | Heard) -> Reader:
    return to if isinstance(to, Reader) else Reader(to.channel, to.user, to.thread, to.direct, to.text)
