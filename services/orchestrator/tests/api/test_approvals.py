"""Approvals over the API: who may see and decide, once each, in time, about exactly what was asked."""

import asyncio
import itertools
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from contracts.money import Money
from orchestrator.jobs.queue import JobQueue
from orchestrator.journal.decisions import expire
from orchestrator.journal.entries import load_entries
from orchestrator.journal.store import PgTurnJournal
from orchestrator.turn.effects import AskApproval
from orchestrator.turn.inputs import EffectPreviewed, PlannedCall
from orchestrator.turn.state import TurnState
from servicekit.addresses import fingerprint
from servicekit.auth.claims import Role

pytestmark = [pytest.mark.service, pytest.mark.asyncio(loop_scope="module")]
CALL = PlannedCall(tool="approve_refund", arguments={"refund_request_id": "rfd_1"}, args_hash="1", label="", write=True)
OTHER_DIGEST = "f" * 64
_numbers = itertools.count(1)


@dataclass
class Asked:
    """A card that waits for staff."""

    conversation_id: str
    turn_id: str
    digest: str

    def decision(self, *, approved: bool = True, notes: str = "", **changes: object) -> dict[str, object]:
        told = {"conversation_id": self.conversation_id, "turn_id": self.turn_id, "digest": self.digest}
        return told | {"approved": approved, "notes": notes} | changes


async def ask(api, *, approvals: int = 1, ttl_s: float = 600, subject: str = "cust_ada") -> Asked:
    """A turn that waits for staff, as its engine leaves it."""
    conversation_id = await api.begin(subject)
    body = {"conversation_id": conversation_id, "text": "Refund order 5678 for $200", "client_turn_id": "one"}
    turn_id = (await api.post("/api/agent/messages", body, subject=subject)).json()["turn_id"]
    desk = api.app.state.desk
    async with desk.database.primary() as db:
        conversation = await desk.conversations.by_turn(db, turn_id)
    digest = f"{next(_numbers):064x}"
    expires = datetime.now(UTC) + timedelta(seconds=ttl_s)
    preview = EffectPreviewed(
        summary="Refund 200.00 USD", digest=digest, money_moved=Money(amount_minor=20_000, currency="USD"),
        expires_at_ms=int(expires.timestamp() * 1000), approvals=approvals, policy="R2", reasons=("avs_failed",),
    )  # fmt: skip
    journal = PgTurnJournal(
        desk.database, conversation, turn_id, desk.codec, JobQueue(), desk.intake.vaults.of(conversation)
    )
    await journal.append(1, [], TurnState(), AskApproval(CALL, preview, approvals))
    return Asked(conversation_id, turn_id, digest)


async def decide(api, body: dict[str, object], who: str = "staff_kim", **claims: object) -> httpx.Response:
    return await api.http.post("/api/agent/approvals", json=body, headers=api.staff(who, **claims))


async def standing(api, asked: Asked) -> tuple[str, str, list[str]]:
    """The turn's status, its card's state, and the kinds of its journal."""
    desk = api.app.state.desk
    async with desk.database.primary() as db:
        conversation = await desk.conversations.by_turn(db, asked.turn_id)
        entries = await load_entries(db, conversation.sealer, asked.turn_id, desk.codec)
    status = await api.db.fetchval("SELECT status FROM turns WHERE id = $1", asked.turn_id)
    card = await api.db.fetchval("SELECT state FROM cards WHERE turn_id = $1", asked.turn_id)
    return status, card, [entry.turn_input.kind for entry in entries]


async def test_the_queue_says_what_is_asked_why_and_until_when(api) -> None:
    asked = await ask(api, approvals=2)
    answer = await api.http.get("/api/agent/approvals", params={"limit": 200}, headers=api.staff())
    (card,) = [one for one in answer.json()["approvals"] if one["turn_id"] == asked.turn_id]
    assert card["summary"] == "Refund 200.00 USD"
    assert (card["policy"], card["reasons"], card["approvals"]) == ("R2", ["avs_failed"], 2)
    assert (card["approved_by"], card["decided_by_me"], card["reminded_at"]) == ([], False, None)
    assert card["money_moved"] == {"amount_minor": 20_000, "currency": "USD"}


async def test_an_approval_lets_the_turn_go_on(api) -> None:
    asked = await ask(api)
    answer = await decide(api, asked.decision(notes="Looks right"))
    assert (answer.status_code, answer.json()["approvals_missing"]) == (202, 0)
    assert await standing(api, asked) == ("running", "yes", ["turn_started", "approval_decided"])
    jobs = "SELECT count(*) FROM pgqueuer WHERE entrypoint = 'run_turn' AND payload = convert_to($1, 'UTF8')"
    assert await api.db.fetchval(jobs, asked.turn_id) == 2
    assert "Looks right" not in str(await api.db.fetch("SELECT * FROM card_decisions"))


async def test_a_note_is_journalled_with_tokens_for_the_orders_that_the_conversation_knows(api) -> None:
    asked, desk = await ask(api), api.app.state.desk
    await decide(api, asked.decision(notes="I have seen 5678 leave"))
    async with desk.database.primary() as db:
        conversation = await desk.conversations.by_turn(db, asked.turn_id)
        entries = await load_entries(db, conversation.sealer, asked.turn_id, desk.codec)
    assert "5678" not in entries[-1].turn_input.notes


async def test_the_journal_knows_a_colleagues_address_by_its_fingerprint(api) -> None:
    asked, desk = await ask(api, approvals=2), api.app.state.desk
    for who, email in (("staff_kim", "Kim@staff.example"), ("staff_lee", None)):
        told = await api.http.post(
            "/api/agent/approvals", json=asked.decision(), headers=api.staff(who, email=email)
        )  # fmt: skip
        assert told.status_code == 202, told.text
    async with desk.database.primary() as db:
        conversation = await desk.conversations.by_turn(db, asked.turn_id)
        entries = await load_entries(db, conversation.sealer, asked.turn_id, desk.codec)
    assert [one.turn_input.address for one in entries[1:]] == [fingerprint("kim@staff.example"), ""]


async def test_a_denial_ends_the_wait_at_once(api) -> None:
    asked = await ask(api, approvals=2)
    assert (await decide(api, asked.decision(approved=False))).json()["approvals_missing"] == 0
    assert (await standing(api, asked))[:2] == ("running", "no")


async def test_two_approvals_need_two_colleagues(api) -> None:
    asked = await ask(api, approvals=2)
    assert (await decide(api, asked.decision())).json()["approvals_missing"] == 1
    assert (await standing(api, asked))[:2] == ("waiting", "open")
    again = await decide(api, asked.decision())
    assert (again.status_code, again.json()["code"]) == (409, "already_decided")
    assert (await standing(api, asked))[:2] == ("waiting", "open")
    assert (await decide(api, asked.decision(), "staff_lee")).json()["approvals_missing"] == 0
    assert await standing(api, asked) == ("running", "yes", ["turn_started", "approval_decided", "approval_decided"])


async def test_two_colleagues_who_click_at_once_are_one_approval_and_one_conflict(api) -> None:
    asked = await ask(api)
    answers = await asyncio.gather(*(decide(api, asked.decision(), f"staff_{n}") for n in range(8)))
    assert sorted(answer.status_code for answer in answers) == [202] + [409] * 7
    assert (await standing(api, asked))[2] == ["turn_started", "approval_decided"]


async def test_one_who_clicks_twice_at_once_counts_once(api) -> None:
    asked = await ask(api, approvals=2)
    answers = await asyncio.gather(*(decide(api, asked.decision()) for _ in range(5)))
    assert sorted(answer.status_code for answer in answers) == [202] + [409] * 4
    assert (await standing(api, asked))[:2] == ("waiting", "open")


async def test_a_yes_and_a_no_at_once_are_one_decision(api) -> None:
    asked = await ask(api)
    yes, no = await asyncio.gather(
        decide(api, asked.decision(), "staff_kim"), decide(api, asked.decision(approved=False), "staff_lee")
    )
    assert sorted((yes.status_code, no.status_code)) == [202, 409]
    assert (await standing(api, asked))[1] == ("yes" if yes.status_code == 202 else "no")


@pytest.mark.parametrize("claims", [{"subject": "cust_ada"}, {"subject": "staff_ada", "email": "ADA@example.com"}])
async def test_who_asked_for_it_cannot_approve_it(api, claims: dict[str, str]) -> None:
    asked = await ask(api)
    answer = await api.http.post("/api/agent/approvals", json=asked.decision(), headers=api.staff(**claims))
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
    assert (await standing(api, asked))[:2] == ("waiting", "open")


async def test_after_its_time_a_card_cannot_be_approved(api) -> None:
    asked = await ask(api, ttl_s=-1)
    answer = await decide(api, asked.decision())
    assert (answer.status_code, answer.json()["code"]) == (409, "already_decided")
    assert (await standing(api, asked))[:2] == ("waiting", "open")
    queue = (await api.http.get("/api/agent/approvals", headers=api.staff())).json()["approvals"]
    assert asked.turn_id not in [one["turn_id"] for one in queue]


@pytest.mark.parametrize("changed", ["digest", "turn_id", "conversation_id"])
async def test_an_approval_of_something_else_changes_nothing(api, changed: str) -> None:
    asked, other = await ask(api), await ask(api)
    wrong = OTHER_DIGEST if changed == "digest" else getattr(other, changed)
    answer = await decide(api, asked.decision(**{changed: wrong}))
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert (await standing(api, asked))[:2] == (await standing(api, other))[:2] == ("waiting", "open")


@pytest.mark.parametrize("role", [Role.CUSTOMER, Role.GUEST, Role.SERVICE])
async def test_only_staff_may_see_and_decide_whatever_their_scopes(api, role: Role) -> None:
    asked = await ask(api)
    told = {"subject": "cust_ben", "role": role, "conversation_id": None, "turn_id": None, "ttl_s": 300}
    headers = api.issuer.bearer("orchestrator", "approvals:decide chat:send", **told)
    for answer in (
        await api.http.get("/api/agent/approvals", headers=headers),
        await api.http.post("/api/agent/approvals", json=asked.decision(), headers=headers),
    ):
        assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
    assert (await standing(api, asked))[:2] == ("waiting", "open")


async def test_staff_of_another_shop_see_nothing_of_it_and_decide_nothing(api) -> None:
    asked = await ask(api)
    queue = await api.http.get("/api/agent/approvals", headers=api.staff(issuer=api.other_shop))
    assert queue.json() == {"approvals": []}
    answer = await decide(api, asked.decision(), issuer=api.other_shop)
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert (await standing(api, asked))[:2] == ("waiting", "open")


async def test_staff_whom_another_issuer_signs_in_decide_for_their_shop(api) -> None:
    asked = await ask(api)
    queue = await api.http.get("/api/agent/approvals", params={"limit": 200}, headers=api.staff(issuer=api.staff_door))
    assert asked.turn_id in [one["turn_id"] for one in queue.json()["approvals"]]
    assert (await decide(api, asked.decision(), issuer=api.staff_door)).status_code == 202
    assert (await standing(api, asked))[1] == "yes"


async def test_a_customers_token_lacks_the_scope(api) -> None:
    asked = await ask(api)
    answer = await api.post("/api/agent/approvals", asked.decision())
    assert (answer.status_code, answer.json()["code"]) == (403, "insufficient_scope")


async def test_a_plain_yes_of_the_customer_is_no_approval(api) -> None:
    asked = await ask(api)
    await api.say(asked.conversation_id, "yes", "two")
    assert (await standing(api, asked))[:2] == ("waiting", "open")


async def test_the_customer_sees_that_it_waits_and_not_why(api) -> None:
    asked = await ask(api)
    view = (await api.get(f"/api/agent/conversations/{asked.conversation_id}")).json()
    assert [card["kind"] for card in view["cards"]] == ["approval"]
    assert "avs_failed" not in str(view)


async def test_an_approval_and_the_end_of_its_time_at_once_are_one_decision(api) -> None:
    desk = api.app.state.desk
    for _ in range(8):
        asked = await ask(api)

        async def time_is_over(asked: Asked = asked) -> bool:
            async with desk.database.transaction() as db:
                conversation = await desk.conversations.by_turn(db, asked.turn_id, lock=True)
                now_ms = desk.intake.now_ms()
                return await expire(db, conversation, asked.turn_id, asked.digest, now_ms, desk.codec)

        answer, expired = await asyncio.gather(decide(api, asked.decision()), time_is_over())
        assert (answer.status_code, expired) in ((202, False), (409, True))
        assert len((await standing(api, asked))[2]) == 2
