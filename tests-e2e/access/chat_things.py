"""What belongs to whom in the orchestrator: conversations, a card of each kind, an answered turn, a gap, requests."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
from fastapi import FastAPI

from contracts.ids import new_id
from contracts.knowledge import IngestReport
from contracts.money import Money
from contracts.privacy import PrivacyErased, PrivacyExport
from contracts.resolved import ResolvedTicket
from contracts.turn import Outcome
from orchestrator.api.knowledge import KnowledgePush
from orchestrator.jobs.queue import JobQueue
from orchestrator.journal.store import PgTurnJournal
from orchestrator.turn.effects import AskApproval, AskConfirmation, Finish
from orchestrator.turn.inputs import EffectPreviewed, PlanMade, PlannedCall, ToolSucceeded
from orchestrator.turn.journal import Recorded
from orchestrator.turn.state import Observed, TurnState
from servicekit.auth.claims import Caller as Pushing
from servicekit.auth.claims import Role

from .callers import SUBJECTS, Caller, Tokens
from .table import Object

REFUND = PlannedCall(tool="issue_refund", arguments={"order_id": "1"}, args_hash="1", label="", write=True)
SEARCH = PlannedCall(tool="search_kb", arguments={"query": "q"}, args_hash="1", label="")
NOTHING: dict[str, Any] = {"passages": [], "strength": 0.1, "gap": 0.0, "cover": 0.2, "answerable": False}


class Colleagues:
    """The other services, which know nothing and nobody."""

    async def answerable(self, question: str) -> bool | None:
        """No."""
        return False

    async def resolved(self, question: str, limit: int) -> tuple[ResolvedTicket, ...] | None:
        """None."""
        return ()

    async def export(self, subject: str) -> dict[str, PrivacyExport | None]:
        """Nothing."""
        return {}

    async def erase(self, subject: str) -> dict[str, PrivacyErased | None]:
        """Nothing."""
        return {}

    def check_addresses(self, asked: KnowledgePush, site: str) -> None:
        """There is none."""

    async def push(self, asked: KnowledgePush, caller: Pushing) -> IngestReport:
        """Taken."""
        return IngestReport(source=asked.source, results=())


@dataclass
class Chats:
    """Makes the objects. Turns are left as their engine leaves them."""

    app: FastAPI
    http: httpx.AsyncClient
    tokens: Tokens

    async def all(self) -> list[Object]:
        """One for each customer and guest of the table, one of a customer of the other site, and none."""
        owned = [await self._of(name, number) for number, name in enumerate(SUBJECTS)]
        return [*owned, missing()]

    async def _of(self, name: str, number: int) -> Object:
        role = Role.GUEST if name == "guest" else Role.CUSTOMER
        caller = Caller(name, SUBJECTS[name], role, elsewhere=name == "elsewhere")
        word, session = f"planted{name}", f"session-{name}-{number}"
        sent = self.tokens.headers(caller, "chat:send")
        told = {"session_id": session, "message": f"I am {word}."}
        chat = (await self.http.post("/chat", json=told, headers=sent)).json()
        conversation, ended = chat["conversation_id"], chat["turn_id"]
        await self._end(ended, word)
        begun = await self.http.post("/api/agent/conversations", json={"session_id": f"begun-{session}"}, headers=sent)
        other = begun.json()["conversation_id"]
        turns, digests = {}, {"card": f"{number}0" + "a" * 62, "approval": f"{number}1" + "a" * 62}
        for kind, where in (("card", conversation), ("approval", other)):
            said = {"conversation_id": where, "text": f"{word} wants a refund", "client_turn_id": kind}
            answer = await self.http.post("/api/agent/messages", json=said, headers=sent)
            turns[kind] = answer.json()["turn_id"]
            await self._ask(turns[kind], digests[kind], word, approval=kind == "approval")
        ids = {
            "conversation": conversation, "ended_turn": ended, "turn": turns["card"], "digest": digests["card"],
            "approval_conversation": other, "approval_turn": turns["approval"],
            "approval_digest": digests["approval"], "gap": ended, "session": session, "word": word,
            "other_session": f"begun-{session}",
            "subject": caller.subject, "request": await self._request(caller),
        }  # fmt: skip
        # The two shops' Adas have one subject: what tells them apart are their words.
        words, namesake = (word, conversation, other, ended, *turns.values()), caller.subject == "cust_ada"
        return Object(name, name, ids, words, elsewhere=caller.elsewhere, namesake=namesake)

    async def _journal(self, turn_id: str) -> PgTurnJournal:
        desk = self.app.state.desk
        async with desk.database.primary() as db:
            conversation = await desk.conversations.by_turn(db, turn_id)
        vault = desk.intake.vaults.of(conversation)
        return PgTurnJournal(desk.database, conversation, turn_id, desk.codec, JobQueue(), vault)

    async def _end(self, turn_id: str, word: str) -> None:
        inputs = [Recorded(PlanMade(call=SEARCH), 1_000), Recorded(ToolSucceeded(output=NOTHING, ms=3.0), 1_001)]
        state = TurnState(text=f"Why does {word} ask?", observed=(Observed(SEARCH, NOTHING),))
        journal = await self._journal(turn_id)
        await journal.append(1, inputs, state, Finish(Outcome.REFUSED, f"I do not know, {word}."))

    async def _ask(self, turn_id: str, digest: str, word: str, *, approval: bool) -> None:
        expires = int((datetime.now(UTC) + timedelta(minutes=10)).timestamp() * 1000)
        preview = EffectPreviewed(
            summary=f"Refund {word}", digest=digest, money_moved=Money(amount_minor=20_000, currency="USD"),
            expires_at_ms=expires, approvals=int(approval), policy="R2" if approval else "",
        )  # fmt: skip
        card = AskApproval(REFUND, preview, 1) if approval else AskConfirmation(REFUND, preview)
        await (await self._journal(turn_id)).append(1, [], TurnState(), card)

    async def _request(self, caller: Caller) -> str:
        """A request of the caller's site, about somebody of whom nothing is kept."""
        desk, privacy = self.app.state.desk, self.app.state.privacy
        issuer = self.tokens.other if caller.elsewhere else self.tokens.issuer
        async with desk.database.transaction() as db:
            found: str = await privacy.requests.add(
                db, issuer.minter.issuer, "cust_gone", 0, "staff_kim", datetime.now(UTC)
            )
        return found


def missing() -> Object:
    """What nobody has."""
    ids = {name: new_id("trn") for name in ("ended_turn", "turn", "approval_turn", "gap")}
    told = {
        "conversation": new_id("cnv"), "approval_conversation": new_id("cnv"), "digest": "e" * 64,
        "approval_digest": "f" * 64, "session": "session-nobody", "other_session": "begun-session-nobody",
        "word": "plantednobody", "subject": "cust_nobody", "request": new_id("prv"),
    }  # fmt: skip
    return Object("nobody", None, {**ids, **told})
