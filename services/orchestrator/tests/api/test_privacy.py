"""A person's data on request: given out whole, erased for good, and nobody but their own site may ask for it."""

import asyncio
from dataclasses import replace
from typing import Any

import httpx
import pytest

from contracts.privacy import PrivacyErased, PrivacyExport, PrivacyRecord
from contracts.turn import FinalMessage, Outcome
from orchestrator.jobs.erasures import ErasureJobs
from orchestrator.jobs.queue import JobQueue
from orchestrator.journal.entries import ConversationErased
from orchestrator.journal.store import PgTurnJournal
from orchestrator.journal.verify import verify_conversation
from orchestrator.privacy.erasing import erase_conversations
from orchestrator.privacy.keeper import ConversationKeeper
from orchestrator.turn.effects import Finish
from orchestrator.turn.inputs import PlanMade
from orchestrator.turn.journal import Recorded
from orchestrator.turn.state import TurnState
from servicekit.auth.claims import Role
from servicekit.testing import eventually

pytestmark = [pytest.mark.service, pytest.mark.asyncio(loop_scope="module")]
TEXT = "I am Zoe Quint, zoe.quint@mail.example, card 4111 1111 1111 1111. Where is my order ABC123?"
WORDS = ("zoe.quint", "Zoe Quint", "4111 1111", "41111111", "ABC123")


async def manage(api, path: str, body: Any = None, **claims: Any) -> httpx.Response:
    headers = api.staff(**claims)
    if body is None:
        return await api.http.get(f"/api/agent/privacy/{path}", headers=headers)
    return await api.http.post(f"/api/agent/privacy/{path}", json=body, headers=headers)


async def told(api, subject: str, text: str = TEXT) -> tuple[str, str]:
    """A conversation of this customer with one message in it: its id, and the turn's."""
    begun = await api.post("/api/agent/conversations", {}, subject=subject)
    conversation_id = begun.json()["conversation_id"]
    said = {"conversation_id": conversation_id, "text": text, "client_turn_id": "one"}
    accepted = await api.post("/api/agent/messages", said, subject=subject)
    assert accepted.status_code == 202, accepted.text
    return conversation_id, accepted.json()["turn_id"]


async def journal_of(api, turn_id: str) -> PgTurnJournal:
    desk = api.app.state.desk
    async with desk.database.primary() as db:
        conversation = await desk.conversations.by_turn(db, turn_id)
    return PgTurnJournal(
        desk.database, conversation, turn_id, desk.codec, JobQueue(), desk.intake.vaults.of(conversation)
    )


async def answered(journal: PgTurnJournal, text: str) -> None:
    said = Recorded(PlanMade(message=FinalMessage(text=text)), 1_000)
    await journal.append(1, [said], TurnState(), Finish(Outcome.ANSWERED, text))


async def dump(api, conversation_id: str) -> str:
    """Every column of every table that has rows of this conversation, opened where its key still opens it."""
    tables = ("conversations", "turns", "messages", "thread", "journal", "cards", "vault", "feedback")
    rows = []
    for table in tables:
        column = "id" if table == "conversations" else "conversation_id"
        rows += await api.db.fetch(f"SELECT * FROM {table} WHERE {column} = $1", conversation_id)
    return str([dict(row) for row in rows])


async def test_what_is_journalled_holds_tokens_and_the_customer_sees_their_own_words(api) -> None:
    conversation_id, turn_id = await told(api, "cust_zoe")
    journal = await journal_of(api, turn_id)
    (recorded,) = await journal.load()
    for word in WORDS:
        assert word not in recorded.turn_input.text
    seen = await api.get(f"/api/agent/conversations/{conversation_id}", subject="cust_zoe")
    assert [one["text"] for one in seen.json()["messages"] if one["turn_id"]] == [TEXT]


async def test_the_same_message_again_is_the_same_turn_and_another_one_is_refused(api) -> None:
    conversation_id, turn_id = await told(api, "cust_yan")
    said = {"conversation_id": conversation_id, "text": TEXT, "client_turn_id": "one"}
    again = await api.post("/api/agent/messages", said, subject="cust_yan")
    assert again.json()["turn_id"] == turn_id
    other = await api.post("/api/agent/messages", said | {"text": TEXT + "!"}, subject="cust_yan")
    assert other.json()["code"] == "idempotency_key_reused"


async def test_a_person_gets_all_that_was_said_and_what_other_services_keep(api, elsewhere) -> None:
    conversation_id, turn_id = await told(api, "cust_xia")
    journal = await journal_of(api, turn_id)
    await answered(journal, journal.vault.mask("It is on its way, zoe.quint@mail.example."))
    thumbs = {"conversation_id": conversation_id, "turn_id": turn_id, "thumbs": "up", "comment": "Nice one"}
    assert (await api.post("/api/agent/feedback", thumbs, subject="cust_xia")).is_success
    answer = await manage(api, "export", {"customer": "cust_xia"})
    assert answer.status_code == 200, answer.text
    (one,) = answer.json()["conversations"]
    assert (one["conversation_id"], one["email"]) == (conversation_id, "xia@example.com")
    assert [said["text"] for said in one["messages"]][1:] == [TEXT, "It is on its way, zoe.quint@mail.example."]
    assert one["opinions"][0]["comment"] == "Nice one"
    assert [(rec["service"], rec["kind"]) for rec in answer.json()["records"]] == [("tickets", "ticket")]
    assert answer.json()["missing"] == []


async def test_a_service_that_does_not_answer_is_named_in_the_export(api, elsewhere) -> None:
    elsewhere.down = True
    answer = await manage(api, "export", {"customer": "cust_nobody"})
    assert (answer.json()["records"], answer.json()["missing"]) == ([], ["tickets"])


async def test_who_was_erased_cannot_be_read_any_more_and_the_chain_still_verifies(api, elsewhere) -> None:
    conversation_id, turn_id = await told(api, "cust_wim")
    await answered(await journal_of(api, turn_id), "Sure.")
    erased = await manage(api, "erase", {"customer": "cust_wim"})
    assert (erased.status_code, erased.json()["conversations"]) == (202, 1)
    row = await api.db.fetchrow("SELECT * FROM conversations WHERE id = $1", conversation_id)
    assert (row["data_key"], row["identity"]) == (None, b"")
    assert row["erased_at"] is not None
    assert await api.db.fetchval("SELECT count(*) FROM vault WHERE conversation_id = $1", conversation_id) == 0
    assert await api.db.fetchval("SELECT count(*) FROM journal WHERE conversation_id = $1", conversation_id) == 2
    seen = await dump(api, conversation_id)
    for word in (*WORDS, "cust_wim", "args_hash"):
        assert word not in seen
    desk = api.app.state.desk
    async with desk.database.primary() as db:
        assert await verify_conversation(db, conversation_id) is None
    gone = await api.get(f"/api/agent/conversations/{conversation_id}", subject="cust_wim")
    assert (gone.status_code, gone.json()["code"]) == (404, "not_found")
    assert (await manage(api, "export", {"customer": "cust_wim"})).json()["conversations"] == []


async def test_a_turn_that_runs_while_its_person_is_erased_writes_nothing_more(api, elsewhere) -> None:
    conversation_id, turn_id = await told(api, "cust_vik")
    journal = await journal_of(api, turn_id)
    asked = {"conversation_id": conversation_id, "turn_id": turn_id}
    following = asyncio.create_task(api.get("/api/agent/stream", subject="cust_vik", **asked))
    hub = api.app.state.desk.hub
    await eventually(lambda: hub.is_followed(turn_id))
    await manage(api, "erase", {"customer": "cust_vik"})
    body = (await following).text
    assert "event: error" in body
    assert "This conversation was erased." in body
    with pytest.raises(ConversationErased):
        await answered(journal, "Your order is on its way.")
    assert await api.db.fetchval("SELECT count(*) FROM journal WHERE turn_id = $1", turn_id) == 1
    assert await api.db.fetchval("SELECT status FROM turns WHERE id = $1", turn_id) == "ended"


async def test_memory_and_live_streams_of_an_erased_person_are_gone(api, elsewhere) -> None:
    conversation_id, turn_id = await told(api, "cust_uma")
    redis = api.app.state.privacy.redis
    memory, stream = f"aiguy:said:{conversation_id}", f"aiguy:turn:{turn_id}"
    await redis.set(memory, b"sealed")
    await redis.xadd(stream, {"f": b"sealed"})
    await manage(api, "erase", {"customer": "cust_uma"})
    assert await redis.exists(memory, stream) == 0


async def test_the_other_services_are_asked_until_each_has_erased_and_then_once_more(api, elsewhere) -> None:
    elsewhere.down = True
    erased = (await manage(api, "erase", {"customer": "cust_tom"})).json()
    assert (erased["state"], erased["services"]) == ("running", {})
    jobs = elsewhere.jobs
    assert await jobs.run(erased["request_id"]) is False
    elsewhere.down = False
    assert await jobs.run(erased["request_id"]) is True
    first = (await manage(api, f"requests/{erased['request_id']}")).json()
    assert (first["state"], first["services"]["tickets"]["erased"]) == ("running", {"ticket": 1})
    assert await jobs.run(erased["request_id"]) is True
    done = (await manage(api, f"requests/{erased['request_id']}")).json()
    assert done["state"] == "done"
    assert elsewhere.erased == ["cust_tom", "cust_tom"]
    assert await api.db.fetchval("SELECT person FROM privacy_requests WHERE id = $1", erased["request_id"]) is None
    assert await jobs.run(erased["request_id"]) is True
    assert elsewhere.erased == ["cust_tom", "cust_tom"]


async def test_a_round_that_two_workers_make_at_once_is_one_round(api, elsewhere) -> None:
    erased = (await manage(api, "erase", {"customer": "cust_lou"})).json()
    elsewhere.both = asyncio.Barrier(2)
    assert await asyncio.gather(*(elsewhere.jobs.run(erased["request_id"]) for _ in range(2))) == [True, True]
    request = await api.db.fetchrow("SELECT * FROM privacy_requests WHERE id = $1", erased["request_id"])
    assert (request["rounds_left"], request["done_at"]) == (1, None)
    jobs = "SELECT count(*) FROM pgqueuer WHERE entrypoint = 'erase_elsewhere' AND payload = convert_to($1, 'UTF8')"
    assert await api.db.fetchval(jobs, erased["request_id"]) == 2


async def test_what_is_written_while_its_person_is_erased_is_refused(api, elsewhere) -> None:
    conversation_id, turn_id = await told(api, "cust_kai")
    said = {"conversation_id": conversation_id, "text": "And now?", "client_turn_id": "two"}
    again = said | {"text": TEXT, "client_turn_id": "one"}
    thumbs = {"conversation_id": conversation_id, "turn_id": turn_id, "thumbs": "down", "comment": "Bad"}
    async with api.app.state.desk.database.transaction() as db:
        await erase_conversations(db, [conversation_id])
        late = [
            asyncio.create_task(api.post(f"/api/agent/{path}", body, subject="cust_kai"))
            for path, body in (("messages", said), ("messages", again), ("feedback", thumbs))
        ]
        waiting = (
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )

        async def all_wait() -> bool:
            return int(await api.db.fetchval(waiting)) == len(late)

        await eventually(all_wait)
    for answer in await asyncio.gather(*late):
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found"), answer.text
    for table in ("vault", "feedback"):
        assert await api.db.fetchval(f"SELECT count(*) FROM {table} WHERE conversation_id = $1", conversation_id) == 0


async def test_erasing_again_erases_nothing_and_somebody_elses_conversation_stays(api, elsewhere) -> None:
    await told(api, "cust_sam")
    other, _ = await told(api, "cust_ros")
    await manage(api, "erase", {"customer": "cust_sam"})
    assert (await manage(api, "erase", {"customer": "cust_sam"})).json()["conversations"] == 0
    assert (await api.get(f"/api/agent/conversations/{other}", subject="cust_ros")).status_code == 200


@pytest.mark.parametrize("role", [Role.CUSTOMER, Role.GUEST])
async def test_a_customer_erases_and_exports_nobody_whatever_their_scopes(api, role: Role) -> None:
    claims = {"subject": "cust_eve", "role": role, "conversation_id": None, "turn_id": None, "ttl_s": 300}
    headers = api.issuer.bearer("orchestrator", ("privacy:manage",), **claims)
    for path in ("export", "erase"):
        answer = await api.http.post(f"/api/agent/privacy/{path}", json={"customer": "cust_ada"}, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")


async def test_another_shop_reaches_nobody_of_this_one(api, elsewhere) -> None:
    conversation_id, _ = await told(api, "cust_quy")
    claims = {"subject": "staff_x", "role": Role.STAFF, "conversation_id": None, "turn_id": None, "ttl_s": 300}
    headers = api.other_shop.bearer("orchestrator", ("privacy:manage",), **claims)
    body = {"customer": "cust_quy"}
    erased = await api.http.post("/api/agent/privacy/erase", json=body, headers=headers)
    assert erased.json()["conversations"] == 0
    seen = await api.get(f"/api/agent/conversations/{conversation_id}", subject="cust_quy")
    assert seen.status_code == 200
    own = (await manage(api, "erase", {"customer": "cust_quy"})).json()["request_id"]
    foreign = await api.http.get(f"/api/agent/privacy/requests/{own}", headers=headers)
    assert foreign.status_code == 404


async def test_staff_whom_another_issuer_signs_in_manage_the_customers_of_their_shop(api, elsewhere) -> None:
    await told(api, "cust_nia")
    headers, body = api.staff(issuer=api.staff_door), {"customer": "cust_nia"}
    exported = await api.http.post("/api/agent/privacy/export", json=body, headers=headers)
    assert len(exported.json()["conversations"]) == 1
    erased = await api.http.post("/api/agent/privacy/erase", json=body, headers=headers)
    assert erased.json()["conversations"] == 1
    assert (await manage(api, f"requests/{erased.json()['request_id']}")).status_code == 200


@pytest.mark.parametrize("body", [{}, {"customer": ""}, {"customer": "a\nb"}, {"customer": "x", "all": True}])
async def test_bad_requests_are_refused(api, body: Any) -> None:
    answer = await manage(api, "erase", body)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")


async def test_conversations_are_erased_when_their_retention_is_over(api, elsewhere) -> None:
    old, _ = await told(api, "cust_pat")
    fresh, _ = await told(api, "cust_oli")
    await api.db.execute("UPDATE conversations SET updated_at = now() - interval '366 days' WHERE id = $1", old)
    await api.db.execute("UPDATE turns SET created_at = now() - interval '366 days' WHERE conversation_id = $1", old)
    desk = api.app.state.desk
    keeper = ConversationKeeper(desk.database, api.app.state.privacy.redis, 365)
    assert await keeper.sweep() == 1
    assert await keeper.sweep() == 0
    keys = await api.db.fetch(
        "SELECT id, data_key IS NULL AS gone FROM conversations WHERE id = ANY ($1)", [old, fresh]
    )
    assert {row["id"]: row["gone"] for row in keys} == {old: True, fresh: False}


async def test_a_conversation_whose_customer_has_come_back_is_not_too_old(api, elsewhere) -> None:
    conversation_id, turn_id = await told(api, "cust_nat")
    await api.db.execute(
        "UPDATE conversations SET updated_at = now() - interval '366 days' WHERE id = $1", conversation_id
    )
    keeper = ConversationKeeper(api.app.state.desk.database, api.app.state.privacy.redis, 365)
    await keeper.sweep()
    read = f"/api/agent/conversations/{conversation_id}"
    assert (await api.get(read, subject="cust_nat")).status_code == 200
    await answered(await journal_of(api, turn_id), "Sure.")
    await api.db.execute(
        "UPDATE conversations SET updated_at = now() - interval '366 days' WHERE id = $1", conversation_id
    )
    await keeper.sweep()
    assert (await api.get(read, subject="cust_nat")).status_code == 404


@pytest.fixture
def elsewhere(api):
    """The other services, of which there is one."""

    class Elsewhere:
        def __init__(self) -> None:
            self.down, self.erased, self.both = False, [], None

        async def export(self, subject: str) -> dict[str, PrivacyExport | None]:
            record = PrivacyRecord(kind="ticket", id="HP-1", at="2026-03-01", fields={"subject": "Help"})
            return {"tickets": None if self.down else PrivacyExport(records=(record,))}

        async def erase(self, subject: str) -> dict[str, PrivacyErased | None]:
            if self.down:
                return {"tickets": None}
            if self.both is not None:
                await self.both.wait()
            self.erased.append(subject)
            return {"tickets": PrivacyErased(erased={"ticket": 1}, kept={})}

    made, state, desk = Elsewhere(), api.app.state, api.app.state.desk
    before = state.privacy
    state.privacy = replace(before, elsewhere=made)
    made.jobs = ErasureJobs(desk.database, before.requests, made, before.queue)
    yield made
    state.privacy = before
