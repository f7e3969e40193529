"""Two releases of a service side by side: what was shown by one of them and agreed to is carried out by the other."""

import dataclasses

import pytest
from pydantic import Field

from contracts import headers
from contracts.base import ContractModel
from contracts.ids import OrderId
from contracts.tool import Deprecation
from contracts.tools.orders import ADD_ORDER_NOTE, AddOrderNoteInput
from servicekit.testing.sample.tools import Sample
from servicekit.tool_router import ToolBinding

pytestmark = pytest.mark.service
NOTE, WRITE = ADD_ORDER_NOTE.path, "orders.note_own"


class Renamed(ContractModel):
    """The note under a new name, and an argument that is new."""

    order_id: OrderId
    text: str = Field(min_length=1, max_length=1000)
    urgent: bool = False

    @property
    def note(self) -> str:
        """What handlers of the sample read."""
        return self.text


class Added(AddOrderNoteInput):
    """An argument that is new."""

    urgent: bool = False


BEFORE = ADD_ORDER_NOTE
ADDITIVE = dataclasses.replace(ADD_ORDER_NOTE, version="1.1.0", input=Added)
NEW_NAME = dataclasses.replace(
    ADD_ORDER_NOTE, version="1.2.0", input=Renamed,
    deprecations=(Deprecation(argument="note", since="2026-01-01", remove_after="2026-03-01", replaced_by="text"),),
)  # fmt: skip
LATER = {"order_id": "ABC123", "note": "Ring", "urgent": True}
STEPS = {
    "an argument is new": (BEFORE, ADDITIVE), "it is taken back": (ADDITIVE, BEFORE),
    "an argument has a new name": (ADDITIVE, NEW_NAME), "that is taken back": (NEW_NAME, ADDITIVE),
}  # fmt: skip


def of_release(contract):
    sample = Sample()
    return [ToolBinding(contract, sample.add_order_note, preview=sample.preview_note)]


async def shown_by(serve, issuer, contract, body) -> str:
    async with serve(of_release(contract)) as service:
        answer = await service.client.post(f"{NOTE}/preview", json=body, headers=issuer.bearer("orders", WRITE))
    assert answer.status_code == 200, answer.text
    return answer.json()["digest"]


async def carried_out_by(serve, issuer, contract, body, digest):
    told = {headers.IDEMPOTENCY_KEY: "k1", headers.GRANT: issuer.grant("orders", "add_order_note", digest)}
    async with serve(of_release(contract)) as service:
        return await service.client.post(NOTE, json=body, headers=issuer.bearer("orders", WRITE) | told)


@pytest.mark.parametrize("step", STEPS)
async def test_what_one_release_showed_the_other_carries_out(serve, issuer, step):
    shows, carries_out = STEPS[step]
    body = {"order_id": "ABC123", "note": "Ring"}
    digest = await shown_by(serve, issuer, shows, body)
    answer = await carried_out_by(serve, issuer, carries_out, body, digest)
    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize("contract", [ADDITIVE, NEW_NAME], ids=["new argument", "new name"])
async def test_another_effect_than_the_one_shown_is_still_refused(serve, issuer, contract):
    digest = await shown_by(serve, issuer, BEFORE, {"order_id": "ABC123", "note": "Ring"})
    for other in ({"note": "Ring", "urgent": True}, {"note": "Knock"}):
        answer = await carried_out_by(serve, issuer, contract, {"order_id": "ABC123", **other}, digest)
        assert (answer.status_code, answer.json()["code"]) == (403, "grant_invalid"), other


@pytest.mark.parametrize("path", [NOTE, f"{NOTE}/preview"])
async def test_a_call_for_a_later_release_is_sent_elsewhere(serve, issuer, path):
    told = issuer.bearer("orders", WRITE) | {headers.CONTRACT: ADDITIVE.version, headers.IDEMPOTENCY_KEY: "k1"}
    async with serve(of_release(BEFORE)) as service:
        answer = await service.client.post(path, json=LATER, headers=told)
        assert await service.effects() == 0
    problem = answer.json()
    assert (answer.status_code, problem["code"], problem["retryable"]) == (421, "contract_version", True)
    assert [one["pointer"] for one in problem["errors"]] == ["/urgent"]
    assert BEFORE.version in problem["detail"]
    # A connection leads to one replica.
    assert answer.headers["connection"] == "close"


@pytest.mark.parametrize("version", [None, BEFORE.version, "0.9.0", "2.0.0", "1.1", "1.\u00b2.0", "x" * 300])
async def test_a_wrong_call_of_any_other_release_is_a_wrong_call(serve, issuer, version):
    told = issuer.bearer("orders", WRITE) | ({} if version is None else {headers.CONTRACT: version.encode("latin-1")})
    async with serve(of_release(BEFORE)) as service:
        answer = await service.client.post(f"{NOTE}/preview", json=LATER, headers=told)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")


async def test_what_both_releases_understand_is_answered_by_either(serve, issuer):
    told = issuer.bearer("orders", WRITE) | {headers.CONTRACT: ADDITIVE.version}
    body = {"order_id": "ABC123", "note": "Ring"}
    async with serve(of_release(BEFORE)) as service:
        answer = await service.client.post(f"{NOTE}/preview", json=body, headers=told)
    assert answer.status_code == 200


async def test_a_write_that_is_repeated_under_the_other_name_is_the_same_write(serve, issuer):
    """Its first answer was lost, and a replica of the release before did not know the new name."""
    async with serve(of_release(NEW_NAME)) as service:
        body = {"order_id": "ABC123", "note": "Ring"}
        shown = await service.client.post(f"{NOTE}/preview", json=body, headers=issuer.bearer("orders", WRITE))
        told = {
            headers.IDEMPOTENCY_KEY: "k1",
            headers.GRANT: issuer.grant("orders", "add_order_note", shown.json()["digest"]),
        }
        told |= issuer.bearer("orders", WRITE)
        first = await service.client.post(NOTE, json={"order_id": "ABC123", "text": "Ring"}, headers=told)
        again = await service.client.post(NOTE, json=body, headers=told)
        other = await service.client.post(NOTE, json={"order_id": "ABC123", "text": "Knock"}, headers=told)
        assert await service.effects() == 1
    assert (first.status_code, again.status_code, again.content) == (200, 200, first.content)
    assert other.json()["code"] == "idempotency_key_reused"
