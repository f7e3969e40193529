"""Approvals at the console: what is said of a card, the second approver, who asked, and how it was decided before."""

import asyncio

import pytest

pytestmark = [pytest.mark.service, pytest.mark.asyncio(loop_scope="module")]


def _fields(asked, choice: str = "approve", **changes: str) -> dict[str, str]:
    told = {"conversation_id": asked.conversation_id, "turn_id": asked.turn_id, "digest": asked.digest}
    return told | {"choice": choice, "notes": ""} | changes


async def _state(api, asked) -> str:
    state: str = await api.db.fetchval("SELECT state FROM cards WHERE turn_id = $1", asked.turn_id)
    return state


async def test_a_card_says_what_why_by_which_clause_and_until_when(api, enter, ask_for_approval) -> None:
    lee, asked = await enter("approver", "staff_lee"), await ask_for_approval(api, approvals=2)
    page = await lee.page("/approvals")
    card = page[page.index(f"card-{asked.turn_id}") :]
    for told in ("Refund 200.00 USD", "200.00 USD", "clause R2", "avs_failed", "0 of 2"):
        assert told in card
    confirm = await lee.page(f"/approvals/{asked.turn_id}/{asked.digest}/deny")
    assert "Deny this?" in confirm
    assert (await lee.get(f"/approvals/{asked.turn_id}/{'0' * 64}/deny")).status_code == 404


async def test_two_colleagues_are_needed_and_each_counts_once(api, enter, ask_for_approval) -> None:
    kim, lee = await enter("approver"), await enter("approver", "staff_lee")
    asked = await ask_for_approval(api, approvals=2)
    answers = await asyncio.gather(*(kim.post("/approvals", **_fields(asked)) for _ in range(4)))
    assert sorted(one.status_code for one in answers) == [303, 409, 409, 409]
    assert await _state(api, asked) == "open"
    assert "You have approved; another colleague is needed" in await kim.page("/approvals")
    assert "staff_kim" in await lee.page("/approvals")
    assert (await lee.post("/approvals", **_fields(asked, notes="fine"))).status_code == 303
    assert await _state(api, asked) == "yes"
    assert (await lee.post("/approvals", **_fields(asked))).status_code == 409


async def test_a_denial_needs_one(api, enter, ask_for_approval) -> None:
    kim, asked = await enter("approver"), await ask_for_approval(api, approvals=2)
    assert (await kim.post("/approvals", **_fields(asked, "deny", notes="no"))).status_code == 303
    assert await _state(api, asked) == "no"


@pytest.mark.parametrize("claims", [{"subject": "cust_ada"}, {"email": "Ada@Example.com"}])
async def test_who_asked_for_it_decides_nothing(api, enter, ask_for_approval, claims: dict[str, str]) -> None:
    ada, asked = await enter("admin", **claims), await ask_for_approval(api)
    page = await ada.page("/approvals")
    assert "You asked for this yourself" in page
    answer = await ada.post("/approvals", **_fields(asked))
    assert (answer.status_code, await _state(api, asked)) == (403, "open")


@pytest.mark.parametrize(
    "change", [{"digest": "0" * 64}, {"conversation_id": "cnv_" + "0" * 32}, {"turn_id": "trn_" + "0" * 32}]
)
async def test_nothing_else_than_what_was_asked_is_decided(api, enter, ask_for_approval, change) -> None:
    kim, asked = await enter("approver"), await ask_for_approval(api)
    assert (await kim.post("/approvals", **_fields(asked, **change))).status_code == 404
    assert (await kim.post("/approvals", **_fields(asked, "perhaps"))).status_code == 422
    assert await _state(api, asked) == "open"


async def test_an_expired_card_is_decided_by_nobody(api, enter, ask_for_approval) -> None:
    kim, asked = await enter("approver"), await ask_for_approval(api, ttl_s=-1)
    assert asked.turn_id not in await kim.page("/approvals")
    assert (await kim.post("/approvals", **_fields(asked))).status_code == 409


async def test_how_the_like_was_decided_before_is_counted_and_linked(api, enter, ask_for_approval) -> None:
    kim = await enter("approver")
    yes, no = await ask_for_approval(api, subject="cust_zed"), await ask_for_approval(api, subject="cust_zed")
    await kim.post("/approvals", **_fields(yes))
    await kim.post("/approvals", **_fields(no, "deny"))
    asked = await ask_for_approval(api, subject="cust_zed")
    page = await kim.page(f"/approvals/{asked.turn_id}/{asked.digest}/approve")
    assert "1 approved, 1 denied for this customer" in " ".join(page.split())
    assert "under this clause" in page
    assert f'href="/console/conversations/{yes.conversation_id}"' in page
    fresh = await ask_for_approval(api, subject="cust_new_here")
    page = await kim.page(f"/approvals/{fresh.turn_id}/{fresh.digest}/approve")
    assert "none for this customer" in page
