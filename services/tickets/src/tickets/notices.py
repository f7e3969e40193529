"""The tools that send messages. The handler only stores the message, in the write's transaction; senders deliver it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from contracts.errors import ProblemCode
from contracts.tools.tickets import EmailAnswerInput, MessageOutput, SendEmailInput, SlackMessageInput
from servicekit.addresses import is_address, masked
from servicekit.auth.claims import Caller, Role
from servicekit.errors import ProblemError
from servicekit.sealing.subjects import SubjectKeys
from servicekit.tool_router import PreviewDraft, ToolRequest
from tickets.backends.threading import Threading
from tickets.drafts import reference
from tickets.outbox import repository
from tickets.outbox.message import Kind, OutboxMessage

_ORCHESTRATOR = frozenset({"orchestrator"})


@dataclass(frozen=True, slots=True)
class EmailTool:
    """`send_email` and `email_answer`: to the address in the signed token, and to no other.

    `actors` may send an answer that was promised: the orchestrator does, and never offers that tool to a model.
    """

    keys: SubjectKeys
    actors: frozenset[str] = field(default=_ORCHESTRATOR)

    async def send(self, request: ToolRequest, asked: SendEmailInput) -> MessageOutput:
        """Queues the e-mail."""
        return await _queue(request, self.keys, Kind.EMAIL, _own_address(request.caller), asked.subject, asked.body)

    async def answer(self, request: ToolRequest, asked: EmailAnswerInput) -> MessageOutput:
        """Queues the answer that the customer was promised; their wish for it is the message that it answers."""
        _only_for(request.caller, self.actors, "Only staff and the orchestrator may send an answer.")
        to, thread = _own_address(request.caller), Threading(asked.reply_tag, asked.in_reply_to, asked.references)
        return await _queue(request, self.keys, Kind.EMAIL, to, asked.subject, asked.body, thread.to_text())

    async def preview_answer(self, request: ToolRequest, asked: SendEmailInput) -> PreviewDraft:
        """As `preview`, for those who may send it."""
        _only_for(request.caller, self.actors, "Only staff and the orchestrator may send an answer.")
        return await self.preview(request, asked)

    async def preview(self, request: ToolRequest, asked: SendEmailInput) -> PreviewDraft:
        """The e-mail as it would be sent; the address is masked."""
        to = masked(_own_address(request.caller))
        return PreviewDraft(
            summary=f"Send an e-mail to {to}: \u201c{asked.subject}\u201d",
            after={"to": to, "subject": asked.subject, "message": asked.body},
        )


@dataclass(frozen=True, slots=True)
class SlackTool:
    """`slack_post_message`. `channels`: the names that may be asked for, with what Slack is told for each.

    `actors` may act for a customer's turn: the orchestrator does, and never offers this tool to a model.
    """

    channels: Mapping[str, str]
    keys: SubjectKeys
    actors: frozenset[str] = field(default=_ORCHESTRATOR)

    async def post(self, request: ToolRequest, asked: SlackMessageInput) -> MessageOutput:
        """Queues the notice."""
        return await _queue(request, self.keys, Kind.SLACK, self._channel(request.caller, asked), "", asked.text)

    async def preview(self, request: ToolRequest, asked: SlackMessageInput) -> PreviewDraft:
        """The notice as it would be posted."""
        self._channel(request.caller, asked)
        name = f"#{asked.channel.removeprefix('#')}"
        return PreviewDraft(summary=f"Post a notice to {name}", after={"channel": name, "text": asked.text})

    def _channel(self, caller: Caller, asked: SlackMessageInput) -> str:
        _only_for(caller, self.actors, "Only staff and the orchestrator may post to Slack.")
        found = self.channels.get(asked.channel.removeprefix("#"))
        if found is None:
            raise ProblemError(ProblemCode.FORBIDDEN, "This channel is not on the list of channels.")
        return found


def _only_for(caller: Caller, actors: frozenset[str], otherwise: str) -> None:
    if caller.role not in (Role.STAFF, Role.SERVICE) and caller.actor not in actors:
        raise ProblemError(ProblemCode.FORBIDDEN, otherwise)


def _own_address(caller: Caller) -> str:
    if caller.email is None:
        raise ProblemError(ProblemCode.FORBIDDEN, "No e-mail address is known for this account.")
    if not is_address(caller.email):
        raise ProblemError(ProblemCode.FORBIDDEN, "The e-mail address of this account cannot be used.")
    return caller.email


async def _queue(
    request: ToolRequest, keys: SubjectKeys, kind: Kind, recipient: str, subject: str, body: str, headers: str = ""
) -> MessageOutput:
    key = request.idempotency_key or ""
    message = OutboxMessage(
        id=reference("msg", request.caller, key, kind.value, recipient, subject, body), kind=kind, recipient=recipient,
        subject=subject, body=body, created_at=request.clock.now(), headers=headers,
    )  # fmt: skip
    sealer = await keys.sealer(request.db, keys.name(request.caller.subject))
    queued_at = await repository.put(request.db, message, sealer, request.caller)
    return MessageOutput(message_id=message.id, queued_at=queued_at)
