"""Recorded turns, run again for the console: one with its steps, or the next few of many."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from contracts.errors import ProblemCode
from contracts.refund_rules import RefundRules, RulesEdit
from orchestrator.confidence.policy import EscalationPolicy
from orchestrator.console.edits import PolicyFields, escalation_edit, limits_edit, refund_edit
from orchestrator.limits.policy import LimitsPolicy
from orchestrator.refund_books import RefundBooks
from orchestrator.replay.anew import Anew
from orchestrator.replay.comparing import Forked, forked
from orchestrator.replay.earlier import earlier_of
from orchestrator.replay.forking import Change
from orchestrator.replay.identical import Verdict, replay
from orchestrator.replay.offline import OfflineSandbox
from orchestrator.replay.reading import Recordings
from orchestrator.replay.recording import Recording
from orchestrator.replay.rules import Judge, Rules, changes_under, registered_refunds
from orchestrator.replay.spending import Spending
from orchestrator.replay.tool_forks import switched_off
from servicekit.crypto import KeyUnavailable, SealError
from servicekit.db.pool import Database
from servicekit.errors import ProblemError
from servicekit.logging import get_logger

BILLING_DOWN = "The billing service does not answer, so its policy cannot be tried. Try again in a minute."


@dataclass(frozen=True, slots=True)
class Tried:
    """A turn that was run again; `fork`: with other rules, where there are any."""

    recording: Recording
    verdict: Verdict
    fork: Forked | None


@dataclass(frozen=True, slots=True)
class ReplayDesk:
    """Runs turns again, in a thread: nobody's page waits for it. The policies are those in force.
    `work_s`: how long one request works at many turns; the rest is for the next one.
    """

    database: Database
    recordings: Recordings
    escalation: EscalationPolicy
    limits: LimitsPolicy
    books: RefundBooks
    sandbox: OfflineSandbox
    work_s: float = 0.1

    def of_site(self, site: str, page: int = 10) -> Recordings:
        """The turns of the site's customers."""
        return replace(self.recordings, site=site, page=page)

    async def tried(self, turns: Sequence[Recording], fields: PolicyFields, rules: RefundRules | None) -> list[Tried]:
        """The turns that can be read, run as they were, and with the edited policies where there are some.

        Raises DEPENDENCY_DOWN when billing is needed and does not answer, and INVALID_REQUEST for limits that no policy
        can have.
        """
        readable = [one for one in turns if one.unreadable is None]
        other = await self._rules(readable, fields, rules)
        whole = [one for one in readable if one.damage is None and one.inputs]
        changes = await self._changes(other, whole) if other.changed else {}
        anew = await self._anew(whole, fields, changes) if fields.thinks else {}
        return await asyncio.to_thread(_tried, readable, {} if fields.thinks else changes, anew)

    async def _anew(
        self, turns: Sequence[Recording], fields: PolicyFields, changes: Mapping[str, Sequence[Change]]
    ) -> dict[str, Forked]:
        off = switched_off(fields.tool_off) if fields.tool_off is not None else frozenset()
        anew, found = Anew(await self.sandbox.opened(), fields.brain is not None, off), dict[str, Forked]()
        for one in turns:
            try:
                async with self.database.primary() as db:
                    earlier = await earlier_of(db, self.recordings.conversations, one.turn_id)
            except (SealError, KeyUnavailable):
                # The turn is proven all the same; it is not forked.
                get_logger().warning("fork_left_out", turn_id=one.turn_id)
                continue
            if earlier is not None:
                found[one.turn_id] = await anew.forked(one, earlier, changes.get(one.turn_id, ()))
        return found

    async def _changes(self, other: Rules, turns: Sequence[Recording]) -> dict[str, list[Change]]:
        async with self.database.primary() as db:
            spending = Spending(db)
            return {one.turn_id: await changes_under(other, one, spending) for one in turns}

    async def _rules(self, turns: Sequence[Recording], fields: PolicyFields, rules: RefundRules | None) -> Rules:
        edited = Rules(None, escalation_edit(fields, self.escalation), limits_edit(fields, self.limits))
        if not fields.about_refunds:
            return edited
        edit = None if rules is None else refund_edit(fields, rules)
        if edit is None:
            raise ProblemError(ProblemCode.DEPENDENCY_DOWN, BILLING_DOWN, retry_after_s=60)
        return replace(edited, refunds=await self._judge(edit, registered_refunds(turns)))

    async def _judge(self, edit: RulesEdit, refunds: Sequence[str]) -> Judge:
        found = await self.books.judged(edit, refunds)
        if found is None:
            raise ProblemError(ProblemCode.DEPENDENCY_DOWN, BILLING_DOWN, retry_after_s=60)
        if found.wrong:
            raise ProblemError(ProblemCode.INVALID_REQUEST, found.wrong)

        async def judge(ids: Sequence[str]) -> dict[str, int]:
            return {one: found.approvals[one] for one in ids if one in found.approvals}

        return judge


def _tried(
    turns: Sequence[Recording], changes: Mapping[str, Sequence[Change]], anew: Mapping[str, Forked]
) -> list[Tried]:
    return [
        Tried(one, replay(one), forked(one, changes[one.turn_id]) if one.turn_id in changes else anew.get(one.turn_id))
        for one in turns
    ]  # fmt: skip
