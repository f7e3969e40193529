"""HandOff: a ticket with the reason and the transcript. When the ticket service is down, a job keeps the promise."""

from contracts.tools.tickets import HandoffReason
from contracts.turn import Role
from orchestrator.brain.citing import named
from orchestrator.effects.call_tool import call_tool
from orchestrator.effects.faq import told
from orchestrator.effects.scope import TurnScope
from orchestrator.guard.danger import danger_in
from orchestrator.handover.telling import back_words
from orchestrator.tools.gateway import arguments_hash
from orchestrator.turn.budgets import Level
from orchestrator.turn.effects import CallTool, HandOff
from orchestrator.turn.inputs import HandedOff, HandOffQueued, PlannedCall, ToolSucceeded, TurnInput
from orchestrator.turn.machine import HUMAN_TOOL
from orchestrator.turn.state import TurnState

_SUMMARY = {
    HandoffReason.CUSTOMER_ASKED: "The customer asked for a person.",
    HandoffReason.LOW_CONFIDENCE: "The assistant was not sure of its answer.",
    HandoffReason.TOOL_FAILURE: "A tool failed.",
    HandoffReason.NOT_AUTHORISED: "The customer may not see what they asked for.",
    HandoffReason.POLICY: "Policy asks for a person.",
    HandoffReason.BUDGET: "The conversation has used up its budget.",
    HandoffReason.BRAIN_DOWN: "No model answered.",
    HandoffReason.REPEATED_QUESTION: "The customer goes round in circles with the assistant.",
    HandoffReason.REPEATED_CALL: "The assistant would look up the same once more.",
    HandoffReason.ABUSE: "The customer is upset, or abusive.",
}
#: The customer hears these reasons, in these phrases.
_EXPLAINED = {
    HandoffReason.BUDGET: "budget", HandoffReason.BRAIN_DOWN: "brain_down",
    HandoffReason.REPEATED_QUESTION: "repeated_question", HandoffReason.REPEATED_CALL: "repeated_question",
}  # fmt: skip
_MAX_TRANSCRIPT = 19_000
_MAX_SUMMARY = 1_900
_MAX_DOUBTS = 3


async def hand_off(effect: HandOff, state: TurnState, scope: TurnScope) -> TurnInput:
    """HandedOff with the ticket's number, or HandOffQueued: either way the customer is promised what will happen. Who
    writes of a danger reads first what to do about it, whatever the reason to hand over.

    The job that keeps a queued one is enqueued with the promise, in the append that ends the turn (`journal/store.py`).
    """
    handed = await _handed(effect, state, scope)
    danger = danger_in(state.text)
    if danger is None:
        return handed
    first = (await scope.phrases(state)).say(f"danger_{danger.value}")
    return handed.model_copy(update={"text": f"{first}\n\n{handed.text}"})


async def _handed(effect: HandOff, state: TurnState, scope: TurnScope) -> HandedOff | HandOffQueued:
    world = scope.world
    if effect.reason is HandoffReason.TOOL_FAILURE and state.observed and state.observed[-1].call.knowledge:
        world.metrics.handoffs.labels(effect.reason.value, "queued").inc()
        return await _without_pages(state, scope)
    result = await call_tool(CallTool(await handoff_call(effect.reason, state, scope)), state, scope)
    if isinstance(result, ToolSucceeded):
        world.metrics.handoffs.labels(effect.reason.value, "made").inc()
        number = str(result.output["ticket_number"])
        return HandedOff(ticket_number=number, text=await _promise(effect.reason, state, scope, ticket=number))
    world.metrics.handoffs.labels(effect.reason.value, "queued").inc()
    return HandOffQueued(text=await _promise(effect.reason, state, scope))


async def handoff_call(reason: HandoffReason, state: TurnState, scope: TurnScope) -> PlannedCall:
    """The hand-over as a call. A repeated one has the same key while the memory is as it was; with another one, tickets
    gives back the open hand-over of the conversation.
    """
    view = scope.view(state)
    remembered = await scope.remembered()
    lines = [f"{_WHO[message.role]}: {message.text}" for message in remembered.history]
    lines.append(f"{_WHO[Role.CUSTOMER]}: {view.question}")
    transcript = "\n".join(lines)[-_MAX_TRANSCRIPT:]
    summary = f"{_SUMMARY[reason]}{_switched(state)}{_failures(state)}{_doubts(state)}"
    summary = f"{summary}{_danger(state)} Last message: {view.question}"[:_MAX_SUMMARY]
    # Order numbers are what staff look things up by; personal data they find in the conversation itself.
    told = scope.vault.for_staff
    arguments = {"reason": reason.value, "summary": told(summary), "transcript": told(transcript)}
    return PlannedCall(
        tool=HUMAN_TOOL, arguments=arguments, args_hash=arguments_hash(arguments), label="Fetching a person", write=True
    )


_WHO = {Role.CUSTOMER: "Customer", Role.ASSISTANT: "Assistant", Role.STAFF: "Staff"}


def _switched(state: TurnState) -> str:
    """What the switches have to do with it, for the person who goes on."""
    if state.shadow:
        return " The assistant's draft is in the console."
    return " What they need is switched off." if state.tool_off else ""


def _failures(state: TurnState) -> str:
    """What failed in the turn, for the person who goes on."""
    failed = [f"{one.call.tool} ({one.error_code})" for one in state.observed if one.error_class is not None]
    return f" Failed: {', '.join(failed)}." if failed else ""


def _doubts(state: TurnState) -> str:
    """Why the assistant was not sure, for the person who goes on."""
    judged = state.judged
    return f" Doubts: {'; '.join(judged.reasons[:_MAX_DOUBTS])}." if judged and judged.escalate else ""


def _danger(state: TurnState) -> str:
    """That somebody may be in danger, for the person who goes on."""
    danger = danger_in(state.text)
    return f" Urgent, it tells of a danger: {danger.value.replace('_', ' ')}." if danger else ""


async def _without_pages(state: TurnState, scope: TurnScope) -> HandOffQueued:
    """The help pages cannot be searched: the customer hears what is known without them, and does not wait for the
    ticket system besides.
    """
    language, say = await scope.language(state), (await scope.phrases(state)).say
    found = scope.world.faq.find(scope.view(state).question, language)
    scope.world.metrics.fallbacks.labels(found[0] if found else "nothing").inc()
    if found is None:
        return HandOffQueued(text=f"{say('knowledge_down')} {say('ticket_queued')}")
    text, source = told(*found, language)
    pages = say("guard_source", pages=named(source.title, source.url))
    parts = (f"{say('knowledge_down')} {say('faq_known')}", text, pages, say("ticket_queued"))
    return HandOffQueued(text="\n\n".join(parts), citations=(source,))


async def _promise(reason: HandoffReason, state: TurnState, scope: TurnScope, *, ticket: str = "") -> str:
    """What the customer is told: why, and what will happen."""
    say = (await scope.phrases(state)).say
    if state.tool_off:
        lead = say("switched_off")
        return f"{lead} {say('ticket_opened', ticket=ticket) if ticket else say('ticket_queued')}"
    if reason is HandoffReason.TOOL_FAILURE:
        unknown = bool(state.observed) and state.observed[-1].call.write
        lead = say("write_unknown" if unknown else "system_down")
        return f"{lead} {say('ticket_opened', ticket=ticket) if ticket else say('ticket_queued')}"
    capped = state.budgets.level in (Level.KNOWLEDGE, Level.EMAIL) and state.budgets.level_reason != "session"
    if capped and reason is HandoffReason.BUDGET:
        return f"{say('budget_limit')} {say('limit_ticket', ticket=ticket) if ticket else say('hand_off_queued')}"
    lead = f"{say(_EXPLAINED[reason])} " if reason in _EXPLAINED else ""
    promise = lead + (say("handed_over", ticket=ticket) if ticket else say("hand_off_queued"))
    now, hours = scope.world.clock.now(), scope.world.hours
    return promise if hours.is_open(now) else f"{promise} {back_words(hours, await scope.phrases(state), now)}"
