"""The Slack channel's collaborators, built once from the settings."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from prometheus_client import Counter
from slack_bolt.async_app import AsyncApp

from orchestrator.api.approving import APPROVE_SCOPE
from orchestrator.api.deps import Desk
from orchestrator.api.staff_steps import ANSWER_SCOPE, StaffRoom
from orchestrator.channels.slack.alerting import StaffSide
from orchestrator.channels.slack.bolt import bolt_app
from orchestrator.channels.slack.channel import SlackChannel
from orchestrator.channels.slack.following import Follower
from orchestrator.channels.slack.links import Links
from orchestrator.channels.slack.notes import Notes
from orchestrator.channels.slack.posting import Poster
from orchestrator.channels.slack.pressing import PressRoom
from orchestrator.channels.slack.showing import ChatSide
from orchestrator.channels.slack.socket_mode import listening
from orchestrator.channels.slack.taking import SlackRoom
from orchestrator.effects.phrases import PhraseBook
from orchestrator.effects.scope import Collaborators
from orchestrator.jobs.slack import SlackJobs
from orchestrator.journal.conversations import Conversations
from orchestrator.journal.entries import Codec
from orchestrator.settings import Settings
from orchestrator.stream.hub import Hub
from servicekit.clock import Clock
from servicekit.context import Kit
from servicekit.crypto import MasterKeys
from servicekit.db.pool import Database
from servicekit.language import LanguageDetector
from servicekit.slack import slack_client


@dataclass(frozen=True, slots=True)
class SlackParts:
    """What the routes use."""

    bolt: AsyncApp
    room: SlackRoom
    links: Links


def slack_channel(settings: Settings, site: str, keyring: MasterKeys) -> SlackChannel | None:
    """The channel; None when it is off."""
    if not settings.slack_on:
        return None
    return SlackChannel(
        settings.slack_team_id, site, keyring.derive("slack-channel"), settings.slack_staff_channel,
        settings.slack_person_hour, settings.slack_app_name,
    )  # fmt: skip


def slack_poster(kit: Kit, settings: Settings, database: Database, channel: SlackChannel) -> Poster:
    """What posts."""
    client = slack_client(
        settings.slack_chat_token.get_secret_value(), settings.slack_api_url, settings.slack_chat_timeout_s
    )  # fmt: skip
    return Poster(client, database, channel, _posts(kit))


def slack_jobs(
    poster: Poster, world: Collaborators, conversations: Conversations, codec: Codec, hub: Hub, clock: Clock
) -> SlackJobs:
    """What keeps Slack up to date."""
    chat = ChatSide(poster, Follower(poster, hub), world, conversations, codec)
    return SlackJobs(chat, StaffSide(poster, world, conversations), clock)


@asynccontextmanager
async def slack_parts(
    kit: Kit, settings: Settings, poster: Poster, keyring: MasterKeys, desk: Desk, staff: StaffRoom,
    phrases: PhraseBook, languages: LanguageDetector,
) -> AsyncIterator[SlackParts]:  # fmt: skip
    """What takes in, listening by Socket Mode where that is asked for."""
    channel = poster.channel
    links = Links(
        channel, keyring.derive("slack-links"), settings.slack_link_days * 86_400.0, float(settings.slack_staff_link_s),
        frozenset({APPROVE_SCOPE, ANSWER_SCOPE}),
    )  # fmt: skip
    notes = Notes(poster.client, phrases, languages, poster.posts)
    taken = kit.metrics.counter("aiguy_slack_taken_total", "What Slack delivered, by what became of it", ["outcome"])
    room = SlackRoom(channel, links, notes, languages, staff.queue, staff, taken)
    presses = PressRoom(channel, links, notes, staff.queue, staff, taken)
    bolt = bolt_app(lambda body: room.take(desk, body), lambda body: presses.press(desk, body))
    try:
        if app_token := settings.slack_app_token.get_secret_value():
            async with listening(
                bolt, app_token, slack_client("", settings.slack_api_url, settings.slack_chat_timeout_s)
            ):
                yield SlackParts(bolt, room, links)
        else:
            yield SlackParts(bolt, room, links)
    finally:
        await notes.close()


def _posts(kit: Kit) -> Counter:
    return kit.metrics.counter("aiguy_slack_posts_total", "Calls to Slack, by what came of them", ["outcome"])
