"""Slack's Web API as all who speak to it understand it: its client, and what each of its answers means.

Slack says most refusals as 200 with `ok: false` and a short code. None of its words go further than our logs.
"""

from collections.abc import Awaitable, Mapping
from dataclasses import dataclass
from typing import Any

import aiohttp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from servicekit.logging import get_logger

_LIMITED = frozenset({"ratelimited", "rate_limited", "message_limit_exceeded"})
_WITHOUT_A_TIME_S, _LONGEST_PAUSE_S = 30.0, 3600.0
_THEIRS = frozenset({"internal_error", "fatal_error", "service_unavailable", "request_timeout", "team_added_to_org"})
#: Only our operators can mend these, and they may before the tries are over.
_OURS = frozenset({
    "not_authed", "invalid_auth", "account_inactive", "token_revoked", "token_expired", "missing_scope",
    "no_permission", "not_allowed_token_type", "org_login_required", "ekm_access_denied", "accesslimited",
    "access_denied", "channel_not_found", "not_in_channel", "is_archived", "restricted_action",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Answered:
    """It is done; `told` is what Slack says of it."""

    told: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class NotNow:
    """It may work later, not before `pause_s` seconds when Slack named a time. `done`: it may be done all the same."""

    reason: str
    pause_s: float | None = None
    done: bool = False


@dataclass(frozen=True, slots=True)
class NotEver:
    """Slack refuses this, and will again. `code` is its own word for why."""

    code: str


def slack_client(token: str, url: str, timeout_s: int) -> AsyncWebClient:
    """Slack's client, without retries of its own: callers have them. One connection for each call."""
    client = AsyncWebClient(token=token, base_url=url, timeout=timeout_s, retry_handlers=[])
    client.proxy = None  # like our other clients, it takes no proxy from the environment
    return client


def escaped(text: str) -> str:
    """The three characters that mean something to Slack, escaped: no link and no mention can be written with them.

    A plain `@channel` calls nobody either, as long as the call says `link_names: false` and `parse: none`.
    """
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


async def outcome_of(call: Awaitable[AsyncSlackResponse]) -> Answered | NotNow | NotEver:
    """What came of one call."""
    try:
        answer = await call
        data = answer.data
        if not isinstance(data, dict) or answer.get("ok") is not True:
            return NotNow("garbage", done=True)
        return Answered(data)
    except SlackApiError as error:
        return _refused(error.response)
    except TimeoutError:
        return NotNow("timeout", done=True)
    except (aiohttp.ClientError, OSError):
        return NotNow("unavailable", done=True)
    except (AttributeError, ValueError):
        # What their client raises for an answer that is no JSON object.
        return NotNow("garbage", done=True)


def _refused(response: Any) -> NotNow | NotEver:
    if not isinstance(response, AsyncSlackResponse):
        return NotNow("garbage", done=True)
    match response.status_code:
        case 200:
            return _refusal(response.data)
        case 429:
            return NotNow("rate_limited", pause_s=_pause(response.headers))
        case 401 | 403:
            get_logger().error("slack_refuses_us", status=response.status_code)
            return NotNow("refuses_us")
        case status:
            return NotNow("rejected") if status < 500 else NotNow("unavailable", done=True)


def _refusal(body: object) -> NotNow | NotEver:
    code = body.get("error") if isinstance(body, dict) else None
    if not isinstance(code, str):
        return NotNow("garbage", done=True)
    if code in _LIMITED:
        return NotNow("rate_limited", pause_s=_WITHOUT_A_TIME_S)
    if code in _THEIRS:
        return NotNow("unavailable", done=True)
    if code in _OURS:
        get_logger().error("slack_refuses_us", code=code)
        return NotNow("refuses_us")
    return NotEver(code)


def _pause(headers: Mapping[str, str]) -> float:
    """Seconds of Retry-After."""
    said = headers.get("Retry-After", "")
    return min(float(said), _LONGEST_PAUSE_S) if said.isascii() and said.isdigit() else _WITHOUT_A_TIME_S
