"""What can happen to a turn. Each input is journalled before the effects that follow from it run."""

from typing import Annotated, Any, Literal

from pydantic import Field, TypeAdapter

from contracts.base import OpenModel
from contracts.errors import ErrorClass
from contracts.ids import Digest
from contracts.money import Money
from contracts.tools.tickets import HandoffReason
from contracts.turn import Answering, Citation, FinalMessage, Mark, Refusal, SupportedSentence, Usage
from orchestrator.turn.budgets import Budgets
from orchestrator.turn.confidence import Confidence
from orchestrator.turn.provenance import ArgumentOrigin


class FollowUp(OpenModel):
    """A tool that goes on with a registered write: it carries it out, or ends it."""

    tool: str
    label: str


class PlannedCall(OpenModel):
    """A call that was checked against its contract. What policy says of it is recorded, so a replay decides alike.

    A write that its service registers and leaves to staff goes on with `approved_by` or `closed_by`; both take the
    output's field `ref` as an argument. `ticket_when_down`: while its system rests, a person gets the question.
    `knowledge`: it searches the help pages; while they are away a person gets the question.
    `free_text` names the fields of its output that others may have written, `origins` where its arguments come from.
    `version` is that of the contract it was checked against: who carries it out may know an older one.
    `looping`: the last turns have made the same call so often that policy asks for a person instead. `unproven`: who
    asks has to prove their mail address first.
    """

    tool: str
    arguments: dict[str, Any]
    args_hash: str
    label: str
    write: bool = False
    needs_confirmation: bool = False
    needs_approval: bool = False
    approved_by: FollowUp | None = None
    closed_by: FollowUp | None = None
    ref: str | None = None
    ticket_when_down: bool = False
    knowledge: bool = False
    free_text: tuple[str, ...] = ()
    origins: tuple[ArgumentOrigin, ...] = ()
    looping: bool = False
    unproven: bool = False
    version: str = ""

    @property
    def same_as(self) -> str:
        """What the same call in another turn has too; without spaces."""
        return f"{self.tool}:{self.args_hash}"


#: How the assistant answers in the channel: to the customer, to staff alone, or not at all.
Mode = Literal["on", "shadow", "off"]
#: What the input guard said of a message.
Screened = Literal["pass", "flag", "refuse"]


class TurnStarted(OpenModel):
    """A customer's message was accepted. `requester` is their subject: whoever has it approves nothing here.

    `disclosure` stands before the answer where the channel has no other place to say that an assistant answers.
    `screened` is the input guard's verdict and `flags` the names of its signals; both are recorded, so a replay agrees
    whatever the rules are then. `traceparent` (W3C) is the place of the message in its trace. `mode` is how the channel
    was switched then. `told` is the phrase of ours that answers the message, which no Brain reads then.
    """

    kind: Literal["turn_started"] = "turn_started"
    text: str
    customer: bool
    requester: str = ""
    channel: str
    answering: Answering = Answering.BOT
    wants_human: bool = False
    budgets: Budgets = Budgets()
    disclosure: str = ""
    screened: Screened = "pass"
    flags: tuple[str, ...] = ()
    traceparent: str = ""
    mode: Mode = "on"
    told: str = ""


class MessageAdded(OpenModel):
    """A further message came in before the turn began; both are read together."""

    kind: Literal["message_added"] = "message_added"
    text: str
    wants_human: bool = False
    screened: Screened = "pass"
    flags: tuple[str, ...] = ()


class StaffTookOver(OpenModel):
    """A person answers in this conversation since the message was accepted, or now: the bot keeps silent."""

    kind: Literal["staff_took_over"] = "staff_took_over"


class Escalated(OpenModel):
    """A person is needed before any model is asked; `reasons` are for staff."""

    kind: Literal["escalated"] = "escalated"
    reason: HandoffReason
    reasons: tuple[str, ...] = ()


class PlanMade(OpenModel):
    """The Brain proposed a checked call, or an answer."""

    kind: Literal["plan_made"] = "plan_made"
    call: PlannedCall | None = None
    message: FinalMessage | None = None
    usage: Usage = Usage()
    model: str = ""
    streamed: bool = False
    repairs: tuple[str, ...] = ()


class PlanRejected(OpenModel):
    """What the Brain proposed could not be repaired. Nothing of it ran."""

    kind: Literal["plan_rejected"] = "plan_rejected"
    reason: str
    errors: tuple[str, ...] = ()
    usage: Usage = Usage()
    model: str = ""
    repairs: tuple[str, ...] = ()


class PlanFailed(OpenModel):
    """No model answered, the fallback included."""

    kind: Literal["plan_failed"] = "plan_failed"
    reason: str
    usage: Usage = Usage()


class ToolSucceeded(OpenModel):
    """A tool answered."""

    kind: Literal["tool_succeeded"] = "tool_succeeded"
    output: dict[str, Any]
    ms: float
    attempts: int = 1
    cached: bool = False


class ToolAccepted(OpenModel):
    """A tool took the call and will answer later, until `expires_at_ms` (epoch milliseconds)."""

    kind: Literal["tool_accepted"] = "tool_accepted"
    expires_at_ms: int
    ms: float
    attempts: int = 1


class ToolFailed(OpenModel):
    """A tool (or its preview) failed for good, after its retries."""

    kind: Literal["tool_failed"] = "tool_failed"
    error_class: ErrorClass
    code: str
    ms: float
    attempts: int = 1


class EffectPreviewed(OpenModel):
    """The service said what the write would do; the digest names exactly that. Times are epoch milliseconds.

    `approvals` members of staff must approve, because of the clause `policy`; `reasons` are for them alone.
    """

    kind: Literal["effect_previewed"] = "effect_previewed"
    summary: str
    digest: Digest
    money_moved: Money | None = None
    expires_at_ms: int
    approvals: int = 0
    policy: str = ""
    reasons: tuple[str, ...] = ()


class ConfirmationDecided(OpenModel):
    """The customer said yes or no to the effect with this digest."""

    kind: Literal["confirmation_decided"] = "confirmation_decided"
    digest: Digest
    confirmed: bool


class ApprovalDecided(OpenModel):
    """A member of staff decided about the effect with this digest. `address` is the fingerprint of their mail address,
    "" without one.
    """

    kind: Literal["approval_decided"] = "approval_decided"
    digest: Digest
    approved: bool
    approver: str
    notes: str = ""
    address: str = ""


class WaitExpired(OpenModel):
    """Nobody decided in time; or, if `superseded`, before the customer wanted it otherwise."""

    kind: Literal["wait_expired"] = "wait_expired"
    digest: Digest
    superseded: bool = False


class StopAsked(OpenModel):
    """The customer wants nothing more of this turn."""

    kind: Literal["stop_asked"] = "stop_asked"


class RetryDue(OpenModel):
    """It is time to ask again what came of a write that was not answered."""

    kind: Literal["retry_due"] = "retry_due"


class Drafted(OpenModel):
    """An answer was written: by the writer model, or from a phrase of ours. `refuses`: it is a no. `answers`: it is an
    answer, though a search that was made besides found nothing.
    """

    kind: Literal["drafted"] = "drafted"
    text: str
    refuses: bool = False
    answers: bool = False
    citations: tuple[Citation, ...] = ()
    marks: tuple[Mark, ...] = ()
    usage: Usage = Usage()
    model: str = ""
    streamed: bool = False


class Guarded(OpenModel):
    """The guards' verdict on the answer, and the text that may be shown, with what carries its sentences.

    `ask`: not sure enough, the customer is asked back. `handoff` says why a person is fetched, `confidence` how sure
    the turn was.
    """

    kind: Literal["guarded"] = "guarded"
    verdict: Literal["pass", "repair", "refuse", "hand_over", "ask"]
    text: str
    citations: tuple[Citation, ...] = ()
    links: dict[str, str] = {}
    support: tuple[SupportedSentence, ...] = ()
    covered: float | None = None
    refusal: Refusal | None = None
    reasons: tuple[str, ...] = ()
    handoff: HandoffReason | None = None
    confidence: Confidence | None = None


class HandedOff(OpenModel):
    """A person has it now: the ticket exists."""

    kind: Literal["handed_off"] = "handed_off"
    ticket_number: str
    text: str


class HandOffQueued(OpenModel):
    """The ticket system is down: the hand-over is kept by us and made as soon as it is back."""

    kind: Literal["hand_off_queued"] = "hand_off_queued"
    text: str
    citations: tuple[Citation, ...] = ()


class MailRefused(OpenModel):
    """The answer was promised by e-mail, and nobody takes it at that address, for this `reason`: a person answers."""

    kind: Literal["mail_refused"] = "mail_refused"
    reason: str


TurnInput = Annotated[
    TurnStarted | MessageAdded | StaffTookOver | Escalated | PlanMade | PlanRejected | PlanFailed | ToolSucceeded
    | ToolAccepted | ToolFailed | EffectPreviewed | ConfirmationDecided | ApprovalDecided | WaitExpired | RetryDue
    | StopAsked | Drafted | Guarded | HandedOff | HandOffQueued | MailRefused,
    Field(discriminator="kind"),
]  # fmt: skip


def input_adapter() -> TypeAdapter[TurnInput]:
    """The (de)serialiser of journal payloads; build it once, it compiles a schema."""
    return TypeAdapter(TurnInput)
