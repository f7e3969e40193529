"""`aiguy replay --fork`: what another policy, prompt, Brain or tool would have done to recorded turns."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.markup import escape

from billing.refunds.policy import RefundPolicy
from billing.review.judging import approvals_under
from onebox.fork_lines import as_line, sentence, step_lines, tally_lines
from onebox.fork_options import Forks
from onebox.fork_verdicts import with_verdict
from orchestrator.journal.conversations import Conversations
from orchestrator.replay.anew import Anew
from orchestrator.replay.comparing import Forked, Tally, forked
from orchestrator.replay.earlier import earlier_of
from orchestrator.replay.recording import Recording
from orchestrator.replay.rules import Judge, Rules, changes_under
from orchestrator.replay.spending import Spending
from servicekit.crypto import KeyUnavailable, SealError
from servicekit.db.pool import Connection

SHOWN, UNTRIED = 0, 2


@dataclass(frozen=True, slots=True)
class Books:
    """Where a fork finds what it decides over. `billing`: only for a refund policy; `anew`: what thinks, where
    something is thought, and `refunds`: the policy for refunds that were not asked for.
    """

    turns: Connection
    conversations: Conversations
    spending: Spending
    billing: Connection | None = None
    anew: Anew | None = None
    refunds: RefundPolicy | None = None


async def show_forks(
    chosen: AsyncIterator[Recording], forks: Forks, books: Books, console: Console, aside: Console,
    *, whole: bool, as_json: bool,
) -> int:  # fmt: skip
    """Prints each turn that changes (with its steps when `whole`), then the counts. Returns 0; 2 when a turn that was
    asked for could not be read.
    """
    tally, unread, damaged, rules = Tally(), 0, 0, _rules(forks, books.billing)
    async for one in chosen:
        if one.unreadable is not None or one.damage is not None or not one.inputs:
            unread += one.unreadable is not None
            damaged += one.damage is not None
            continue
        try:
            found = await _forked(one, rules, books)
        except (SealError, KeyUnavailable):
            damaged += 1
            continue
        if found is None:
            unread += 1
            continue
        tally.add(found)
        if as_json:
            console.out(as_line(found, steps=whole), highlight=False)
            continue
        if whole or found.changed:
            console.print(escape(sentence(found)))
        for text in step_lines(found, forks) if whole else ():
            console.print(escape(text))
    if whole and not tally.turns and not unread and not damaged:
        aside.print("There is no such turn.")
        return UNTRIED
    for text in () if as_json else tally_lines(tally, forks):
        console.print(escape(text))
    if unread or damaged:
        aside.print(f"Left out: {unread} turns that cannot be read (under way, erased, no key), {damaged} damaged.")
    return UNTRIED if damaged or (whole and unread) else SHOWN


async def _forked(one: Recording, rules: Rules, books: Books) -> Forked | None:
    """None when its person was erased in between."""
    changes = await changes_under(rules, one, books.spending)
    if books.anew is None:
        return forked(one, changes)
    earlier = await earlier_of(books.turns, books.conversations, one.turn_id)
    if earlier is None:
        return None
    found = await books.anew.forked(one, earlier, changes)
    return found if books.refunds is None else with_verdict(found, books.refunds)


def _rules(forks: Forks, billing: Connection | None) -> Rules:
    policies = forks.policies
    wanted = policies.refunds
    if wanted is None or billing is None:
        return Rules(None, policies.escalation, policies.limits)
    return Rules(_judge(wanted, billing), policies.escalation, policies.limits)


def _judge(wanted: RefundPolicy, billing: Connection) -> Judge:
    async def judge(ids: Sequence[str]) -> Mapping[str, int]:
        return await approvals_under(billing, wanted, ids)

    return judge
