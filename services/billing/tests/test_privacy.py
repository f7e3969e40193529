"""What is said about a refund is sealed at rest, exported, and erased; the books stay, and still verify."""

import pytest

from billing.people import REFUNDS_SAID
from billing.refunds.verify import REFUNDS
from contracts.privacy import ERASE_PATH, EXPORT_PATH
from contracts.tools.billing import APPROVE_REFUND, CLOSE_REFUND, GET_REFUND
from servicekit.audit import verify
from servicekit.chain.verify import verify_ledger
from servicekit.sealing.clear import ClearRows
from servicekit.testing.planted import columns_with
from servicekit.testing.tool_client import ToolClient

from .shop import paid, refund, somebody

pytestmark = pytest.mark.service
WORDS = "mr quastelhuber of quastel lane was rude"


async def planted(service: ToolClient) -> set[str]:
    async with service.kit.db.primary() as connection:
        return await columns_with(connection, ["quastelhuber", "quastel lane"])


async def test_no_column_holds_in_clear_what_was_said(service: ToolClient) -> None:
    order = await paid(service, 150_000)
    refund_id = (await refund(service, order, 20_000, reason=WORDS)).json()["refund_request_id"]
    preview = (await service.preview(APPROVE_REFUND, {"refund_request_id": refund_id}, order.who)).json()
    assert f'The customer says: "{WORDS}"' in preview["reasons"]
    asked = {"refund_request_id": refund_id, "outcome": "denied", "note": f"no: {WORDS}"}
    assert (await service.call(CLOSE_REFUND, asked, order.who)).json()["state"] == "denied"
    row = await service.opened(REFUNDS_SAID, refund_id)
    assert (row["reason"], row["note"]) == (WORDS, f"no: {WORDS}")
    assert await planted(service) == set()


async def test_what_was_said_before_there_were_keys_is_sealed_at_the_start(service: ToolClient) -> None:
    order = await paid(service, 150_000)
    refund_id = (await refund(service, order, 20_000)).json()["refund_request_id"]
    async with service.kit.db.primary() as connection:
        await connection.execute(
            "UPDATE refunds SET sealed = false, reason = convert_to($2, 'UTF8') WHERE id = $1", refund_id, WORDS
        )
    preview = (await service.preview(APPROVE_REFUND, {"refund_request_id": refund_id}, order.who)).json()
    assert f'The customer says: "{WORDS}"' in preview["reasons"]
    assert await planted(service) == {"refunds.reason"}
    assert await ClearRows(service.kit.db, service.people, (REFUNDS_SAID,), {}).seal_all() == 1
    assert await planted(service) == set()
    assert (await service.opened(REFUNDS_SAID, refund_id))["reason"] == WORDS


async def test_an_erasure_takes_the_words_and_leaves_the_books(service: ToolClient) -> None:
    who = somebody()
    order = await paid(service, 150_000, who)
    refund_id = (await refund(service, order, 20_000, reason=WORDS)).json()["refund_request_id"]
    (mine,) = (await service.privacy(EXPORT_PATH, who.subject)).json()["records"]
    assert (mine["id"], mine["fields"]["reason"], mine["fields"]["amount_minor"]) == (refund_id, WORDS, 20_000)
    done = (await service.privacy(ERASE_PATH, who.subject)).json()
    assert done["erased"]["refund"] == 1
    assert set(done["kept"]) == {"charge", "refund"}
    again = (await service.privacy(ERASE_PATH, who.subject)).json()
    assert set(again["erased"].values()) == {0}
    preview = (await service.preview(APPROVE_REFUND, {"refund_request_id": refund_id}, who)).json()
    assert "What the customer said was erased." in preview["reasons"]
    assert (await service.call(GET_REFUND, {"refund_request_id": refund_id}, who)).json()["state"] == "confirmed"
    async with service.kit.db.primary() as connection:
        assert (await verify(connection)).ok
        assert (await verify_ledger(connection, REFUNDS)).ok
