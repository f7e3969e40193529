"""The journal of a turn in words: what came, what was planned, called, judged and said, each with its numbers."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, assert_never

from contracts.turn import Citation, Usage
from orchestrator.turn.inputs import (
    ApprovalDecided,
    ConfirmationDecided,
    Drafted,
    EffectPreviewed,
    Escalated,
    Guarded,
    HandedOff,
    HandOffQueued,
    MailRefused,
    MessageAdded,
    PlanFailed,
    PlanMade,
    PlanRejected,
    RetryDue,
    StaffTookOver,
    StopAsked,
    ToolAccepted,
    ToolFailed,
    ToolSucceeded,
    TurnInput,
    TurnStarted,
    WaitExpired,
)
from orchestrator.turn.journal import Recorded

Tone = Literal["plain", "good", "bad", "wait"]
Fact = tuple[str, str]
Facts = tuple[Fact, ...]
_LONG = 400


@dataclass(frozen=True, slots=True)
class Step:
    """One entry: what happened, its details by name, and how many milliseconds after the one before."""

    title: str
    facts: Facts = ()
    tone: Tone = "plain"
    after_ms: int = 0


def steps_of(recorded: Sequence[Recorded], shown: Callable[[str], str]) -> list[Step]:
    """The entries of a turn in words; `shown` masks, or reveals, what stands for personal data."""
    found, before = [], None
    for one in recorded:
        title, tone, facts = _told(one.turn_input)
        told = tuple((name, shown(_cut(text))) for name, text in facts if text)
        found.append(Step(title, told, tone, 0 if before is None else max(0, one.at_ms - before)))
        before = one.at_ms
    return found


def _told(one: TurnInput) -> tuple[str, Tone, Facts]:
    match one:
        case TurnStarted():
            verdict = "" if one.screened == "pass" else f"{one.screened}: {', '.join(one.flags)}"
            wish = "yes" if one.wants_human else ""
            mode = "" if one.mode == "on" else one.mode
            facts: Facts = (
                ("text", one.text),
                ("input guard", verdict),
                ("asks for a person", wish),
                ("channel", mode),
            )
            return "Message accepted", "plain", facts
        case MessageAdded():
            return "Further message", "plain", (("text", one.text),)
        case StaffTookOver():
            return "A person took over: the bot keeps silent", "wait", ()
        case Escalated():
            return "A person is needed", "wait", (("reason", one.reason.value), ("why", _list(one.reasons)))
        case PlanMade():
            return _planned(one)
        case PlanRejected():
            return (
                "Plan refused",
                "bad",
                (("reason", one.reason), ("errors", _list(one.errors)), *_used(one.usage, one.model)),
            )
        case PlanFailed():
            return "No model answered", "bad", (("reason", one.reason), *_used(one.usage))
        case ToolSucceeded():
            return "Tool answered", "good", (("result", _object(one.output)), ("took", _ms(one)))
        case ToolAccepted():
            return "Tool will answer later", "wait", (("took", _ms(one)),)
        case ToolFailed():
            facts = (("error", f"{one.error_class.value}: {one.code}"), ("took", _ms(one)))
            return "Tool failed", "bad", facts
        case EffectPreviewed():
            money = f"{one.money_moved.amount_minor / 100:.2f} {one.money_moved.currency}" if one.money_moved else ""
            facts = (("effect", one.summary), ("money", money), ("policy", one.policy), ("risks", _list(one.reasons)))
            return "Effect previewed", "plain", (*facts, ("approvals needed", str(one.approvals or "")))
        case ConfirmationDecided():
            said: Tone = "good" if one.confirmed else "bad"
            return "Customer said yes" if one.confirmed else "Customer said no", said, ()
        case ApprovalDecided():
            said = "good" if one.approved else "bad"
            return "Approved" if one.approved else "Denied", said, (("by", one.approver), ("notes", one.notes))
        case WaitExpired():
            return "A newer card took its place" if one.superseded else "Nobody decided in time", "bad", ()
        case StopAsked():
            return "Customer stopped the turn", "wait", ()
        case RetryDue():
            return "Asked again what came of it", "plain", ()
        case Drafted():
            return (
                "Answer drafted",
                "plain",
                (("text", one.text), *_sources(one.citations), *_used(one.usage, one.model)),
            )
        case Guarded():
            return _guarded(one)
        case HandedOff():
            return "Handed over", "wait", (("ticket", one.ticket_number), ("text", one.text))
        case HandOffQueued():
            return "Hand-over queued: the ticket system is down", "bad", (("text", one.text),)
        case MailRefused():
            return "Nobody takes the e-mail", "bad", (("reason", one.reason),)
        case _:
            assert_never(one)


def _planned(one: PlanMade) -> tuple[str, Tone, Facts]:
    spent = (("repaired", _list(one.repairs)), *_used(one.usage, one.model))
    if one.call is not None:
        return f"Planned a call: {one.call.tool}", "plain", (("arguments", _object(one.call.arguments)), *spent)
    if one.message is not None:
        return "Planned an answer", "plain", (("text", one.message.text), *_sources(one.message.citations), *spent)
    return "Planned nothing", "bad", spent


def _guarded(one: Guarded) -> tuple[str, Tone, Facts]:
    tone: Tone = "good" if one.verdict == "pass" else "bad" if one.verdict == "refuse" else "wait"
    sure = one.confidence
    facts = (
        ("confidence", "" if sure is None else f"{sure.score:.2f} ({sure.tier.value})"),
        ("less sure because", "" if sure is None else _list(sure.reasons)),
        ("reasons", _list(one.reasons)), ("person fetched", one.handoff.value if one.handoff else ""),
        ("supported", "" if one.covered is None else f"{one.covered:.0%} of its sentences"),
        *_sources(one.citations),
    )  # fmt: skip
    return f"Guards: {one.verdict.replace('_', ' ')}", tone, facts


def _sources(citations: Sequence[Citation]) -> Iterator[Fact]:
    for one in citations:
        yield "source", f"{one.title} ({one.url})"


def _used(usage: Usage, model: str = "") -> Iterator[Fact]:
    if usage.tokens_in or usage.tokens_out:
        yield "model", model
        cost = f"${usage.cost_micros / 1_000_000:.4f}"
        yield "cost", f"{usage.tokens_in} + {usage.tokens_out} tokens, {cost}"


def _ms(one: ToolSucceeded | ToolAccepted | ToolFailed) -> str:
    cached = ", from the cache" if isinstance(one, ToolSucceeded) and one.cached else ""
    return f"{one.ms:.0f} ms" + (f", {one.attempts} attempts" if one.attempts > 1 else "") + cached


def _object(value: Mapping[str, Any]) -> str:
    return "; ".join(f"{name}: {item}" for name, item in value.items())


def _list(items: Sequence[str]) -> str:
    return ", ".join(items)


def _cut(text: str) -> str:
    return text if len(text) <= _LONG else text[:_LONG] + " …"
