"""What people write is sealed at rest, exported, and erased, also while they write."""

import asyncio
import json

import pytest

from contracts.errors import ProblemCode
from contracts.privacy import ERASE_PATH, EXPORT_PATH, PRIVACY_SCOPE
from contracts.resolved import RESOLVE_SCOPE, RESOLVED_PATH, RESOLVED_SCOPE
from contracts.tools.tickets import CREATE_TICKET, HANDOFF_HUMAN
from servicekit.audit import verify
from servicekit.auth.claims import Role
from servicekit.embedded.files import write_private
from servicekit.testing.conformance import assert_problem
from servicekit.testing.planted import columns_with
from servicekit.testing.tool_client import ToolClient
from tickets.clear_rows import clear_rows
from tickets.people import HANDOFFS, TICKETS

pytestmark = pytest.mark.service
PLANTED = ["quastelhuber", "kirschgarten"]
TICKET = {"subject": "lantern of quastelhuber", "body": "bring it to kirschgarten lane, please.", "category": "product"}
WAITING = {"reason": "customer_asked", "summary": "quastelhuber waits", "transcript": "Customer: kirschgarten lane"}
STAFF = {"subject": "staff_kim", "role": Role.STAFF}


async def opened(service: ToolClient) -> dict[str, str]:
    grant = await service.confirm(CREATE_TICKET, TICKET)
    answer = await service.call(CREATE_TICKET, TICKET, grant=grant)
    assert answer.status_code == 200, answer.text
    ticket: dict[str, str] = answer.json()
    return ticket


async def planted(service: ToolClient) -> set[str]:
    async with service.kit.db.primary() as connection:
        return await columns_with(connection, PLANTED)


async def test_no_column_holds_in_clear_what_was_written(service: ToolClient) -> None:
    ticket = await opened(service)
    handoff = (await service.call(HANDOFF_HUMAN, WAITING)).json()
    assert await planted(service) == set()
    assert (await service.opened(TICKETS, ticket["ticket_id"]))["body"] == TICKET["body"]
    assert (await service.opened(HANDOFFS, handoff["handoff_id"]))["transcript"] == WAITING["transcript"]


async def test_what_is_from_before_there_were_keys_is_sealed_found_and_without_its_subject(service: ToolClient) -> None:
    async with service.kit.db.primary() as connection:
        await connection.execute(
            "INSERT INTO tickets (id, number, requester, guest, subject, body, category, priority, queue, status,"
            " first_reply_due, created_at, resolution, resolved_by, resolved_at)"
            " VALUES ('tkt_old', 'HP-9001', 'cust_old', false, 'Bellows for the forge', 'I am quastelhuber.',"
            " 'product', 'low', 'products', 'solved', now(), now(), 'Dear quastelhuber,\nthe bellows are back.',"
            " 'staff_kim', now())"
        )
        await connection.execute(
            "INSERT INTO ticket_events (ticket_id, kind, actor, at) VALUES ('tkt_old', 'created', 'cust_old', now())"
        )
        await connection.execute(
            "INSERT INTO handoffs (id, ticket_id, requester, reason, summary, transcript, queue, reply_due, created_at)"
            " VALUES ('hnd_old', 'tkt_old', 'cust_old', 'brain_down', 'S', 'quastelhuber', 'live', now(), now())"
        )
    assert await planted(service) == {"tickets.body", "tickets.resolution", "handoffs.transcript"}
    rows = clear_rows(service.kit.db, service.people)
    assert (await rows.seal_all(), await rows.seal_all()) == (2, 0)
    # A name in the middle of a sentence is not known as one: that word alone is left to the index.
    assert await planted(service) <= {"tickets.resolved_words"}
    async with service.kit.db.primary() as connection:
        assert await columns_with(connection, ["cust_old"]) == set()
    assert (await service.opened(HANDOFFS, "hnd_old"))["transcript"] == "quastelhuber"
    sent = service.issuer.bearer("tickets", RESOLVED_SCOPE, subject="orchestrator", role=Role.SERVICE)
    found = (await service.http.post(RESOLVED_PATH, json={"query": "forge bellows"}, headers=sent)).json()["tickets"]
    assert [(one["number"], one["resolution"]) for one in found] == [("HP-9001", "the bellows are back.")]


async def test_an_erasure_leaves_numbers_and_nothing_that_was_said(service: ToolClient) -> None:
    ticket = await opened(service)
    handoff = (await service.call(HANDOFF_HUMAN, WAITING)).json()
    path = f"/internal/tickets/{ticket['number']}/resolve"
    sent = service.issuer.bearer("tickets", RESOLVE_SCOPE, **STAFF)
    assert (await service.http.post(path, json={"resolution": "kirschgarten it is."}, headers=sent)).status_code == 200
    records = (await service.privacy(EXPORT_PATH)).json()["records"]
    told = {one["id"]: one["fields"] for one in records}
    assert told[ticket["ticket_id"]].items() >= {**TICKET, "number": ticket["number"]}.items()
    assert told[ticket["ticket_id"]]["resolution"] == "kirschgarten it is."
    assert told[handoff["handoff_id"]]["transcript"] == WAITING["transcript"]

    done = (await service.privacy(ERASE_PATH)).json()
    assert (done["erased"]["ticket"], done["erased"]["handoff"]) == (
        sum(one["kind"] == "ticket" for one in records),
        sum(one["kind"] == "handoff" for one in records),
    )
    assert "without anybody's words" in done["kept"]["ticket"]
    assert set((await service.privacy(ERASE_PATH)).json()["erased"].values()) == {0}
    row = await service.opened(TICKETS, ticket["ticket_id"])
    assert (row["number"], row["category"], row["subject"], row["order_id"]) == (ticket["number"], "product", "", None)
    assert await planted(service) == set()
    assert not any(one["fields"].get("body") for one in (await service.privacy(EXPORT_PATH)).json()["records"])
    async with service.kit.db.primary() as connection:
        assert (await verify(connection)).ok
        assert await connection.fetchval("SELECT count(*) FROM audit WHERE subject = 'cust_ada'") == 0


async def test_erasures_while_somebody_writes_leave_only_what_can_be_read(service: ToolClient) -> None:
    async def writing() -> list[str]:
        return [(await opened(service))["ticket_id"] for _ in range(8)]

    async def erasing() -> None:
        for _ in range(6):
            assert (await service.privacy(ERASE_PATH)).status_code == 200

    written, _ = await asyncio.gather(writing(), erasing())
    for ticket_id in written:
        assert (await service.opened(TICKETS, ticket_id))["body"] in (TICKET["body"], "")
    last = await opened(service)
    assert (await service.opened(TICKETS, last["ticket_id"]))["body"] == TICKET["body"]


async def test_a_lost_master_key_is_a_clear_problem_and_nothing_is_lost_once_it_is_back(service: ToolClient) -> None:
    ticket = await opened(service)
    grant = await service.confirm(CREATE_TICKET, TICKET)
    path = service.kit.settings.master_key_file
    assert path is not None
    before = path.read_text()
    async with service.kit.db.primary() as connection:
        await connection.execute("UPDATE data_keys SET key_id = 'k9'")
    lost = await service.privacy(EXPORT_PATH)
    assert_problem(lost, ProblemCode.KEY_UNAVAILABLE)
    assert "Nothing is lost" in lost.json()["detail"]
    assert_problem(await service.call(CREATE_TICKET, TICKET, key="again", grant=grant), ProblemCode.KEY_UNAVAILABLE)

    content = json.loads(before)
    write_private(path, json.dumps(content | {"keys": content["keys"] | {"k9": content["keys"]["k1"]}}))
    told = {one["id"]: one["fields"] for one in (await service.privacy(EXPORT_PATH)).json()["records"]}
    assert told[ticket["ticket_id"]]["body"] == TICKET["body"]
    assert (await service.call(CREATE_TICKET, TICKET, key="again", grant=grant)).status_code == 200
    async with service.kit.db.primary() as connection:
        await connection.execute("UPDATE data_keys SET key_id = 'k1'")
    write_private(path, before)


@pytest.mark.parametrize("path", [EXPORT_PATH, ERASE_PATH])
@pytest.mark.parametrize("who", [{"role": Role.CUSTOMER}, {"role": Role.STAFF}, {"scopes": "tickets.create"}])
async def test_only_a_service_with_the_scope_may(service: ToolClient, path: str, who: dict[str, object]) -> None:
    answer = await service.privacy(path, **who)
    code = ProblemCode.INSUFFICIENT_SCOPE if "scopes" in who else ProblemCode.FORBIDDEN
    assert_problem(answer, code)
    assert PRIVACY_SCOPE not in who.values()
