"""`aiguy replay --fork policy=FILE`: what a change of policy would have done to recorded turns."""

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import yaml
from rich.console import Console
from rich.markup import escape

from billing.refunds.policy import RefundPolicy, load_policy
from billing.review.judging import approvals_under
from orchestrator.confidence.policy import EscalationPolicy, load_escalation_policy
from orchestrator.limits.policy import LimitsPolicy, load_limits
from orchestrator.replay.comparing import Forked, Side, Tally, amounts, forked
from orchestrator.replay.recording import Recording
from orchestrator.replay.rules import Rules, changes_under
from orchestrator.replay.spending import Spending
from servicekit.db.pool import Connection

SHOWN, UNTRIED = 0, 2


class ForkRefused(ValueError):
    """What was asked for cannot be forked; the text is for the person at the terminal."""


@dataclass(frozen=True, slots=True)
class Policies:
    """The policies of a fork; None: as it was."""

    refunds: RefundPolicy | None = None
    escalation: EscalationPolicy | None = None
    limits: LimitsPolicy | None = None


@dataclass(frozen=True, slots=True)
class Books:
    """Where a fork finds what its policies decide over; billing's only for a refund policy."""

    spending: Spending
    billing: Connection | None


def read_forks(asked: list[str]) -> Policies:
    """From `policy=FILE`, each a policy of refunds, of escalation or of limits. Raises ForkRefused."""
    found = Policies()
    for one in asked:
        kind, _, name = one.partition("=")
        if kind != "policy" or not name:
            raise ForkRefused(f"{one}: only policy=FILE can be forked.")
        match _policy(Path(name)):
            case RefundPolicy() as read:
                found = replace(found, refunds=read)
            case EscalationPolicy() as read:
                found = replace(found, escalation=read)
            case LimitsPolicy() as read:
                found = replace(found, limits=read)
    return found


def _policy(file: Path) -> RefundPolicy | EscalationPolicy | LimitsPolicy:
    try:
        text = file.read_text("utf-8")
        found: Any = yaml.safe_load(text)
        tiers = found.get("tiers") if isinstance(found, dict) else None
        if isinstance(tiers, list):
            return load_policy(file)
        if isinstance(tiers, dict):
            return load_escalation_policy(text)
        if isinstance(found, dict) and "caps" in found:
            return load_limits(file)
    except OSError as error:
        raise ForkRefused(f"{file} cannot be read ({error.strerror}).") from error
    except (ValueError, yaml.YAMLError) as error:
        raise ForkRefused(f"{file} is no policy: {error}") from error
    raise ForkRefused(f"{file} is no policy of refunds, of escalation or of limits: it has neither tiers nor caps.")


async def show_forks(
    chosen: AsyncIterator[Recording], policies: Policies, books: Books, console: Console, aside: Console,
    *, whole: bool, as_json: bool,
) -> int:  # fmt: skip
    """Prints each turn that changes (with its steps when `whole`), then the counts. Returns 0; 2 when a turn that was
    asked for could not be read.
    """
    tally, unread, damaged, rules = Tally(), 0, 0, _rules(policies, books.billing)
    async for one in chosen:
        if one.unreadable is not None or one.damage is not None or not one.inputs:
            unread += one.unreadable is not None
            damaged += one.damage is not None
            continue
        found = forked(one, await changes_under(rules, one, books.spending))
        tally.add(found)
        if as_json:
            console.out(json.dumps(_told(found, steps=whole), ensure_ascii=False), highlight=False)
        elif whole or found.changed:
            console.print(escape(_sentence(found)))
        if whole and not as_json:
            _show_steps(found, console)
    if whole and not tally.turns and not unread and not damaged:
        aside.print("There is no such turn.")
        return UNTRIED
    if not as_json:
        _show_tally(tally, console)
    if unread or damaged:
        aside.print(f"Left out: {unread} turns that cannot be read (under way, erased, no key), {damaged} damaged.")
    return UNTRIED if damaged or (whole and unread) else SHOWN


def _rules(policies: Policies, billing: Connection | None) -> Rules:
    wanted = policies.refunds
    if wanted is None or billing is None:
        return Rules(None, policies.escalation, policies.limits)

    async def judge(ids: Sequence[str]) -> Mapping[str, int]:
        return await approvals_under(billing, wanted, ids)

    return Rules(judge, policies.escalation, policies.limits)


def _sentence(one: Forked) -> str:
    if not one.changed:
        return f"{one.turn_id}: the same"
    money = f", {one.money}" if one.money is not None else ""
    return f"{one.turn_id}: {_side(one.was)} \u2192 {_side(one.now)}{money}"


def _side(side: Side) -> str:
    staff = f" with {side.approvals} of staff to approve" if side.approvals else ""
    return f"{side.ended.replace('_', ' ')}{staff}"


def _show_steps(one: Forked, console: Console) -> None:
    for text in one.steps_was[: one.same]:
        console.print(escape(f"    {text}"))
    for mark, rest in (("-", one.steps_was[one.same :]), ("+", one.steps_now[one.same :])):
        for text in rest:
            console.print(escape(f"  {mark} {text}"))
    if one.unknown:
        console.print(escape(f"  + would {one.unknown}; nothing was recorded for it"))


def _show_tally(tally: Tally, console: Console) -> None:
    console.print(f"{tally.changed} of {tally.turns} turns would have gone otherwise.")
    for (was, now), number in sorted(tally.outcomes.items()):
        console.print(escape(f"  {number} \u00d7 {was.replace('_', ' ')} \u2192 {now.replace('_', ' ')}"))
    console.print(f"Approvals: {tally.approvals_more} turns need more, {tally.approvals_less} fewer.")
    console.print(f"Hand-overs: {tally.handovers_more} more, {tally.handovers_less} fewer.")
    console.print(
        f"Money that would need staff and did not: {amounts(tally.money_newly_approved)};"
        f" that did and would not: {amounts(tally.money_no_longer_approved)}."
    )


def _told(one: Forked, *, steps: bool) -> dict[str, object]:
    told = {**asdict(one), "changed": one.changed, "money": None if one.money is None else one.money.model_dump()}
    return told if steps else {name: told[name] for name in told.keys() - {"steps_was", "steps_now"}}
