"""What customers write is sealed at rest, given to them, and erased; their orders stay."""

import pytest

from contracts.privacy import ERASE_PATH, EXPORT_PATH
from contracts.tools.orders import ADD_ORDER_NOTE, GET_ORDER
from orders.people import ORDER_NOTES
from servicekit.audit import verify
from servicekit.sealing.clear import ClearRows
from servicekit.testing.planted import columns_with
from servicekit.testing.tool_client import ToolClient

pytestmark = pytest.mark.service
WORDS = "please ring at quastelhuber, code 4417"


async def noted(service: ToolClient, text: str = WORDS) -> str:
    arguments = {"order_id": "ABC123", "note": text}
    grant = await service.confirm(ADD_ORDER_NOTE, arguments)
    note_id: str = (await service.call(ADD_ORDER_NOTE, arguments, grant=grant)).json()["note_id"]
    return note_id


async def planted(service: ToolClient) -> set[str]:
    async with service.kit.db.primary() as connection:
        return await columns_with(connection, ["quastelhuber", "please ring"])


async def test_no_column_holds_a_note_in_clear(service: ToolClient) -> None:
    await noted(service)
    assert await planted(service) == set()


async def test_a_note_from_before_there_were_keys_is_sealed_at_the_start(service: ToolClient) -> None:
    async with service.kit.db.primary() as connection:
        await connection.execute(
            "INSERT INTO order_notes (id, order_id, customer_id, note, created_at)"
            " SELECT 'not_old' || i, 'ABC123', 'cust_ada', convert_to($1, 'UTF8'), now()"
            " FROM generate_series(1, 250) i",
            WORDS,
        )
    assert await planted(service) == {"order_notes.note"}
    rows = ClearRows(service.kit.db, service.people, (ORDER_NOTES,), {})
    assert await rows.seal_all() == 250
    assert await rows.seal_all() == 0
    assert await planted(service) == set()
    assert (await service.opened(ORDER_NOTES, "not_old250"))["note"] == WORDS


async def test_a_note_whose_master_key_is_lost_stays_as_it_is_and_holds_up_no_other(service: ToolClient) -> None:
    async with service.kit.db.transaction() as connection:
        await service.people.sealer(connection, service.people.name("cust_ben"))
        lost = "UPDATE data_keys SET key_id = 'k9' WHERE subject_hash = $1"
        await connection.execute(lost, service.people.name("cust_ben"))
        await connection.execute(
            "INSERT INTO order_notes (id, order_id, customer_id, note, created_at) VALUES"
            " ('not_1', 'XYZ789', 'cust_ben', 'lost', now()), ('not_2', 'ABC123', 'cust_ada', 'fine', now())"
        )
    rows = ClearRows(service.kit.db, service.people, (ORDER_NOTES,), {})
    assert await rows.seal_all() == 1
    async with service.kit.db.primary() as connection:
        clear = await connection.fetch("SELECT id, note FROM order_notes WHERE NOT sealed")
        await connection.execute("UPDATE data_keys SET key_id = 'k1'")
    assert [tuple(row) for row in clear] == [("not_1", b"lost")]
    assert await rows.seal_all() == 1
    assert (await service.opened(ORDER_NOTES, "not_1"))["note"] == "lost"


@pytest.mark.parametrize("harm", ["key_id = 'k9'", "wrapped = '\\x00'"], ids=["lost", "changed"])
async def test_however_many_cannot_be_sealed_the_others_are(service: ToolClient, harm: str) -> None:
    async with service.kit.db.transaction() as connection:
        await service.people.sealer(connection, service.people.name("cust_ben"))
        await connection.execute(
            f"UPDATE data_keys SET {harm} WHERE subject_hash = $1",
            service.people.name("cust_ben"),
        )
        await connection.execute(
            "INSERT INTO order_notes (id, order_id, customer_id, note, created_at)"
            " SELECT 'not_a' || i, 'XYZ789', 'cust_ben', 'lost', now() FROM generate_series(1, 120) i"
        )
        await connection.execute(
            "INSERT INTO order_notes (id, order_id, customer_id, note, created_at)"
            " VALUES ('not_b', 'ABC123', 'cust_ada', 'fine', now())"
        )
    assert await ClearRows(service.kit.db, service.people, (ORDER_NOTES,), {}).seal_all() == 1
    async with service.kit.db.primary() as connection:
        await connection.execute("DELETE FROM order_notes WHERE NOT sealed OR id = 'not_b'")
        await connection.execute("DELETE FROM data_keys WHERE subject_hash = $1", service.people.name("cust_ben"))


async def test_an_export_has_every_note_and_an_erasure_leaves_the_order(service: ToolClient) -> None:
    note_id = await noted(service)
    records = (await service.privacy(EXPORT_PATH)).json()["records"]
    (mine,) = [one for one in records if one["id"] == note_id]
    assert (mine["kind"], mine["fields"]) == ("order_note", {"order_id": "ABC123", "note": WORDS})
    done = (await service.privacy(ERASE_PATH)).json()
    assert done["erased"]["order_note"] == len(records)
    assert "must be kept" in done["kept"]["order"]
    again = (await service.privacy(ERASE_PATH)).json()
    assert set(again["erased"].values()) == {0}
    assert (await service.privacy(EXPORT_PATH)).json() == {"records": []}
    assert (await service.call(GET_ORDER, {"order_id": "ABC123"})).status_code == 200
    async with service.kit.db.primary() as connection:
        assert (await verify(connection)).ok
        assert await connection.fetchval("SELECT count(*) FROM idempotency WHERE caller LIKE '%cust_ada'") == 0


async def test_a_note_after_an_erasure_starts_anew(service: ToolClient) -> None:
    await noted(service)
    await service.privacy(ERASE_PATH)
    note_id = await noted(service, "a new one")
    assert (await service.opened(ORDER_NOTES, note_id))["note"] == "a new one"
