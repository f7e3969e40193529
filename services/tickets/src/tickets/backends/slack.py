"""Notices to Slack by `chat.postMessage`, through Slack's own client; the answer decides whether it is tried again.

Slack says most refusals as 200 with `ok: false` and a short code. None of its words go further than our logs.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import aiohttp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from servicekit.logging import get_logger
from tickets.backends.slack_text import escaped, message_uuid
from tickets.outbox.message import Delivered, Kind, OutboxMessage, Outcome, Refused, TryAgain

_LIMITED = frozenset({"ratelimited", "rate_limited", "message_limit_exceeded"})
_WITHOUT_A_TIME_S, _LONGEST_PAUSE_S = 30.0, 3600.0
_THEIRS = frozenset({"internal_error", "fatal_error", "service_unavailable", "request_timeout", "team_added_to_org"})
#: Only our operators can mend these, and they may before the tries are over.
_OURS = frozenset({
    "not_authed", "invalid_auth", "account_inactive", "token_revoked", "token_expired", "missing_scope",
    "no_permission", "not_allowed_token_type", "org_login_required", "ekm_access_denied", "accesslimited",
    "access_denied", "channel_not_found", "not_in_channel", "is_archived", "restricted_action",
})  # fmt: skip


def slack_client(token: str, url: str, timeout_s: int) -> AsyncWebClient:
    """Slack's client, without retries of its own: the outbox has them. One connection for each message."""
    client = AsyncWebClient(token=token, base_url=url, timeout=timeout_s, retry_handlers=[])
    client.proxy = None  # like our other clients, it takes no proxy from the environment
    return client


@dataclass(frozen=True, slots=True)
class SlackDelivery:
    """A `Delivery`. The text is shown letter by letter: nothing in it links, formats, or calls anybody."""

    kind: ClassVar[Kind] = Kind.SLACK
    client: AsyncWebClient

    async def deliver(self, message: OutboxMessage) -> Outcome:
        """One attempt."""
        try:
            answer = await self.client.chat_postMessage(
                channel=message.recipient, text=escaped(message.body), mrkdwn=False, parse="none", link_names=False,
                unfurl_links=False, unfurl_media=False,
                # Slack promises nothing for it; where it is honoured, a second attempt shows nothing new.
                client_msg_id=message_uuid(message.id),
                metadata={"event_type": "aiguy_notice", "event_payload": {"message_id": message.id}},
            )  # fmt: skip
            return Delivered() if answer.get("ok") is True else TryAgain("garbage")
        except SlackApiError as error:
            return _outcome_of(error.response)
        except TimeoutError:
            return TryAgain("timeout")
        except (aiohttp.ClientError, OSError):
            return TryAgain("unavailable")
        except (AttributeError, ValueError):
            # What their client raises for an answer that is no JSON object.
            return TryAgain("garbage")


def _outcome_of(response: Any) -> Outcome:
    if not isinstance(response, AsyncSlackResponse):
        return TryAgain("garbage")
    match response.status_code:
        case 200:
            return _refusal(response.data)
        case 429:
            return TryAgain("rate_limited", pause_s=_pause(response.headers))
        case 401 | 403:
            get_logger().error("slack_refuses_us", status=response.status_code)
            return TryAgain("refuses_us")
        case status:
            return TryAgain("rejected" if status < 500 else "unavailable")


def _refusal(body: object) -> Outcome:
    code = body.get("error") if isinstance(body, dict) else None
    if not isinstance(code, str):
        return TryAgain("garbage")
    if code in _LIMITED:
        return TryAgain("rate_limited", pause_s=_WITHOUT_A_TIME_S)
    if code in _THEIRS:
        return TryAgain("unavailable")
    if code in _OURS:
        get_logger().error("slack_refuses_us", code=code)
        return TryAgain("refuses_us")
    return Refused("refused")


def _pause(headers: Mapping[str, str]) -> float:
    """Seconds of Retry-After."""
    said = headers.get("Retry-After", "")
    return min(float(said), _LONGEST_PAUSE_S) if said.isascii() and said.isdigit() else _WITHOUT_A_TIME_S
