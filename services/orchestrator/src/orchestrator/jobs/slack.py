"""Slack kept up to date: each job brings one side of a conversation to where it stands."""

from collections.abc import Awaitable
from dataclasses import dataclass
from datetime import datetime, timedelta

from orchestrator.channels.slack.alerting import StaffSide
from orchestrator.channels.slack.posting import NotShown
from orchestrator.channels.slack.showing import ChatSide
from servicekit.clock import Clock
from servicekit.logging import get_logger

#: Nobody looks for an answer in Slack that comes later than this; with what comes next it is shown all the same.
GIVEN_UP = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class SlackJobs:
    """What both kinds of job do. `clock` says how old they are."""

    chat: ChatSide
    staff: StaffSide
    clock: Clock

    async def show_chat(self, conversation_id: str, asked: datetime) -> NotShown | None:
        """Show it to who wrote; why it has to be tried again, None when all is shown, or it is too late."""
        return await self._tried(self.chat.bring(conversation_id), asked)

    async def show_staff(self, conversation_id: str, asked: datetime) -> NotShown | None:
        """Show it to staff; otherwise as `show_chat`."""
        return await self._tried(self.staff.bring(conversation_id), asked)

    async def _tried(self, shown: Awaitable[None], asked: datetime) -> NotShown | None:
        try:
            await shown
        except NotShown as error:
            if self.clock.now() - asked <= GIVEN_UP:
                return error
            self.chat.poster.posts.labels("given_up").inc()
            get_logger().error("slack_was_not_told", reason=error.reason)
        return None
