"""Pressed buttons: who pressed is known by Slack's signature and by the account that they have connected, what about by
the digest of the card; both are checked by the steps that the JSON API takes too. The address that Slack offers for an
answer is never used: what is said back goes by our own token to who pressed.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, assert_never

from prometheus_client import Counter
from pydantic import BaseModel, ConfigDict, ValidationError

from contracts.errors import PROBLEMS, ProblemCode
from orchestrator.api import staff_steps as steps
from orchestrator.api.approving import decide_approval
from orchestrator.api.confirming import decide_confirmation
from orchestrator.api.deps import Desk
from orchestrator.api.staff_steps import StaffRoom
from orchestrator.channels.slack.cards import Press, Subject
from orchestrator.channels.slack.channel import SlackChannel
from orchestrator.channels.slack.links import Links
from orchestrator.channels.slack.notes import Notes, Reader
from orchestrator.jobs.queue import JobQueue
from orchestrator.journal.approvals import Decision
from orchestrator.turn.inputs import ConfirmationDecided
from servicekit.auth.claims import Caller, Role
from servicekit.errors import ProblemError

_OF_CUSTOMERS = frozenset({Press.CONFIRM, Press.DECLINE})


class _Told(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class _Id(_Told):
    id: str


class _User(_Told):
    id: str
    team_id: str | None = None


class _Message(_Told):
    ts: str
    thread_ts: str = ""
    text: str = ""


class _Action(_Told):
    action_id: str
    value: str = ""


class _Pressed(_Told):
    """What Slack tells of a pressed button, as far as it is looked at."""

    user: _User
    team: _Id
    channel: _Id
    message: _Message
    actions: tuple[_Action, ...]


@dataclass(frozen=True, slots=True)
class PressRoom:
    """Carries out what buttons ask for. `pressed` counts them by what became of them."""

    channel: SlackChannel
    links: Links
    notes: Notes
    queue: JobQueue
    staff: StaffRoom
    pressed: Counter

    async def press(self, desk: Desk, body: Mapping[str, Any]) -> str:
        """What became of it: the button's name, or why nothing was done. Raises MALFORMED_BODY, and whatever may be
        over when it is pressed again.
        """
        outcome = await self._press(desk, _read(body))
        self.pressed.labels(outcome).inc()
        return outcome

    async def _press(self, desk: Desk, told: _Pressed) -> str:
        press = next((one for one in Press if told.actions and one == told.actions[0].action_id), None)
        subject = Subject.from_value(told.actions[0].value) if told.actions else None
        if press is None or subject is None:
            return "unknown"
        if told.team.id != self.channel.team or told.user.team_id not in (None, self.channel.team):
            return "other_workspace"
        reader = Reader(
            told.channel.id, told.user.id, told.message.thread_ts, told.channel.id.startswith("D"), told.message.text
        )
        async with desk.database.primary() as db:
            caller = await self.links.caller_of(db, self.channel.person(told.team.id, told.user.id))
        role = Role.CUSTOMER if press in _OF_CUSTOMERS else Role.STAFF
        if caller is None or caller.role is not role:
            self.notes.tell(reader, "slack_sign_in" if role is Role.CUSTOMER else "slack_not_staff")
            return "not_linked"
        try:
            await self._do(desk, press, subject, caller)
        except ProblemError as error:
            if PROBLEMS[error.problem.code].retryable:
                raise
            self._refused(reader, press, error)
            return f"refused_{error.problem.code.value}"
        return press.value.removeprefix("aiguy_")

    async def _do(self, desk: Desk, press: Press, subject: Subject, caller: Caller) -> None:
        about = subject.conversation_id
        match press:
            case Press.CONFIRM | Press.DECLINE:
                decision = ConfirmationDecided(digest=subject.digest, confirmed=press is Press.CONFIRM)
                await decide_confirmation(desk, caller, about, subject.turn_id, decision)
            case Press.APPROVE | Press.DENY:
                approval = Decision(subject.turn_id, subject.digest, press is Press.APPROVE, "", caller)
                if await decide_approval(desk, about, approval) > 0:
                    # The card stays open, and says now who has approved.
                    async with desk.database.primary() as db:
                        await self.queue.slack_staff(db, about)
            case Press.TAKE_OVER:
                await steps.take_over(desk, self.staff, caller, about)
            case Press.HAND_BACK:
                await steps.give_back(desk, self.staff, caller, about, "")
            case _:
                assert_never(press)

    def _refused(self, reader: Reader, press: Press, error: ProblemError) -> None:
        """Said plainly: to customers in their language, to staff as the API says it."""
        code = error.problem.code
        if press not in _OF_CUSTOMERS:
            self.notes.say(reader, error.problem.detail or error.problem.title)
        elif code is ProblemCode.ALREADY_DECIDED:
            self.notes.tell(reader, "slack_decided")
        else:
            self.notes.tell(reader, "slack_not_yours")


def _read(body: Mapping[str, Any]) -> _Pressed:
    try:
        return _Pressed.model_validate(body)
    except ValidationError:
        raise ProblemError(ProblemCode.MALFORMED_BODY, "This is no pressed button of a message.") from None
