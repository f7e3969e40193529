"""Notices to Slack by `chat.postMessage`, through Slack's own client; the answer decides whether it is tried again."""

from dataclasses import dataclass
from typing import ClassVar, assert_never

from slack_sdk.web.async_client import AsyncWebClient

from servicekit.slack import Answered, NotEver, NotNow, escaped, outcome_of
from tickets.backends.slack_ids import message_uuid
from tickets.outbox.message import Delivered, Kind, OutboxMessage, Outcome, Refused, TryAgain


@dataclass(frozen=True, slots=True)
class SlackDelivery:
    """A `Delivery`. The text is shown letter by letter: nothing in it links, formats, or calls anybody."""

    kind: ClassVar[Kind] = Kind.SLACK
    client: AsyncWebClient

    async def deliver(self, message: OutboxMessage) -> Outcome:
        """One attempt."""
        found = await outcome_of(self.client.chat_postMessage(
            channel=message.recipient, text=escaped(message.body), mrkdwn=False, parse="none", link_names=False,
            unfurl_links=False, unfurl_media=False,
            # Slack promises nothing for it; where it is honoured, a second attempt shows nothing new.
            client_msg_id=message_uuid(message.id),
            metadata={"event_type": "aiguy_notice", "event_payload": {"message_id": message.id}},
        ))  # fmt: skip
        match found:
            case Answered():
                return Delivered()
            case NotNow(reason=reason, pause_s=pause_s):
                return TryAgain(reason) if pause_s is None else TryAgain(reason, pause_s=pause_s)
            case NotEver():
                return Refused("refused")
            case _:
                assert_never(found)
