"""What Slack tells of a message, and what of it nobody answers: machines, ourselves, edits, other workspaces. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from orchestrator.channels.slack.reading import read_text


class Ignored(StrEnum):
    """Why a message gets no answer; the label of a metric."""

    OTHER_KIND = "other_kind"
    OTHER_WORKSPACE = "other_workspace"
    BOT = "bot"
    EDITED = "edited"
    UNMENTIONED = "unmentioned"
    EMPTY = "empty"
    REPEATED = "repeated"
    PERSON_RATE = "person_rate"


@dataclass(frozen=True, slots=True)
class Heard:
    """A message of a person. `ts` is its id in the channel; `thread` that of the message that its thread begins with,
    "" outside of threads. `direct`: nobody but this person and the bot reads the channel.
    """

    team: str
    channel: str
    user: str
    ts: str
    thread: str
    text: str
    direct: bool
    mentions: bool
    files: tuple[str, ...] = ()


_KINDS = frozenset({"app_mention", "message"})
#: A message with a file has one of these, and is a person's all the same.
_SAID = frozenset({None, "", "file_share", "thread_broadcast"})


def heard(body: Mapping[str, Any], team: str) -> Heard | Ignored:
    """The message of an event. `team`: the one workspace whose people are answered."""
    event = body.get("event")
    if not isinstance(event, dict) or event.get("type") not in _KINDS:
        return Ignored.OTHER_KIND
    told = [event.get(name) for name in ("channel", "user", "ts")]
    subtype = event.get("subtype")
    if event.get("bot_id") or subtype == "bot_message" or event.get("user") in (_own(body), "USLACKBOT"):
        return Ignored.BOT
    if subtype not in _SAID or event.get("hidden"):
        return Ignored.EDITED if subtype in ("message_changed", "message_deleted") else Ignored.OTHER_KIND
    if not all(isinstance(one, str) and one for one in told):
        return Ignored.OTHER_KIND
    # In a channel that two companies share, people of the other one speak too.
    if body.get("team_id") != team or event.get("user_team", event.get("team", team)) != team:
        return Ignored.OTHER_WORKSPACE
    channel, user, ts = (str(one) for one in told)
    own, direct = _own(body), event.get("channel_type") == "im" or channel.startswith("D")
    raw = str(event.get("text") or "")
    text, files = read_text(raw, own), _files(event)
    if not text and not files:
        return Ignored.EMPTY
    mentions = event["type"] == "app_mention" or (bool(own) and f"<@{own}" in raw)
    thread = event.get("thread_ts")
    return Heard(team, channel, user, ts, thread if isinstance(thread, str) else "", text, direct, mentions, files)


def _own(body: Mapping[str, Any]) -> str:
    """Our own user, as the event says for whom it is."""
    told = body.get("authorizations")
    first = told[0] if isinstance(told, list) and told else None
    user = first.get("user_id") if isinstance(first, dict) and first.get("is_bot") else None
    return user if isinstance(user, str) else ""


def _files(event: Mapping[str, Any]) -> tuple[str, ...]:
    told = event.get("files")
    named = [one.get("name") for one in told if isinstance(one, dict)] if isinstance(told, list) else []
    return tuple(" ".join(one.split())[:100] for one in named if isinstance(one, str) and one.strip())[:10]
