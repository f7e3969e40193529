"""Roles and actions: each page and each form asks for its role, and steps are audited with it."""

import orjson
import pytest

from .conftest import ADMIN, AGENT, ROLES, token

pytestmark = [pytest.mark.service, pytest.mark.asyncio(loop_scope="module")]
MAY = {
    "/inbox": {"viewer", "agent", "approver", "admin"},
    "/conversations/{}": {"viewer", "agent", "approver", "admin"},
    "/conversations/{}/live": {"viewer", "agent", "approver", "admin"},
    "/approvals": {"approver", "admin"},
    "/approvals/rows": {"approver", "admin"},
    "/tools": {"viewer", "agent", "approver", "admin"},
    "/tools/rows": {"viewer", "agent", "approver", "admin"},
    "/tools/switch?tool=issue_refund&wanted=off": {"admin"},
    "/tools/phase/faq": {"admin"},
    "/numbers": {"viewer", "agent", "approver", "admin"},
    "/numbers/sample": {"agent", "admin"},
    "/policy": {"viewer", "agent", "approver", "admin"},
    "/knowledge": {"viewer", "agent", "approver", "admin"},
    "/knowledge/gaps": {"viewer", "agent", "approver", "admin"},
    "/conversations/{}/macros": {"agent", "admin"},
    "/macros": {"viewer", "agent", "approver", "admin"},
    "/macros/new": {"approver", "admin"},
    "/replay": {"viewer", "agent", "approver", "admin"},
    "/audit": {"admin"},
    "/slack": {"viewer", "agent", "approver", "admin"},
}
ANSWERS = {"agent", "admin"}


async def _audited(api, conversation_id: str) -> list[tuple[str, str, str]]:
    """What, who, and as what, of the entries that name the conversation."""
    rows = await api.db.fetch("SELECT entry, tool, subject FROM audit ORDER BY at, chain, seq")
    entries = [(orjson.loads(row["entry"]), row) for row in rows]
    return [
        (row["tool"], row["subject"], entry["actor"])
        for entry, row in entries
        if entry["conversation_id"] == conversation_id
    ]


@pytest.mark.parametrize("role", sorted(ROLES))
async def test_each_page_is_for_its_roles(api, enter, with_a_person, role: str) -> None:
    conversation_id, somebody = await with_a_person(api), await enter(role)
    for path, roles in MAY.items():
        answer = await somebody.get(path.format(conversation_id))
        assert answer.status_code == (200 if role in roles else 403), path
    links = await somebody.page("/inbox")
    assert ('href="/console/approvals"' in links) == (role in MAY["/approvals"])
    assert ('href="/console/audit"' in links) == (role in MAY["/audit"])


@pytest.mark.parametrize("role", sorted(ROLES))
async def test_each_form_about_a_conversation_is_for_who_may_answer(api, enter, with_a_person, role: str) -> None:
    conversation_id, somebody = await with_a_person(api), await enter(role)
    at = f"/conversations/{conversation_id}"
    forms = {
        "takeover": {}, "messages": {"text": "Hello, it is Kim.", "message_id": "m-1"}, "notes": {"note": "VIP"},
        "reveal": {}, "handback": {"note": "done"},
    }  # fmt: skip
    for name, fields in forms.items():
        answer = await somebody.post(f"{at}/{name}", **fields)
        assert answer.status_code == (303 if role in ANSWERS else 403), (name, answer.text)
    did = [what for what, _, _ in await _audited(api, conversation_id)]
    # It was with staff before: there was nothing to take over.
    done = ["staff_message", "staff_note", "staff_read", "console_reveal", "staff_handback"]
    assert did == (done if role in ANSWERS else [])


@pytest.mark.parametrize("role", sorted(ROLES))
async def test_each_decision_is_for_who_may_approve(api, enter, ask_for_approval, role: str) -> None:
    asked, somebody = await ask_for_approval(api), await enter(role)
    may = role in MAY["/approvals"]
    at = f"/approvals/{asked.turn_id}/{asked.digest}/approve"
    assert (await somebody.get(at)).status_code == (200 if may else 403)
    fields = {"conversation_id": asked.conversation_id, "turn_id": asked.turn_id, "digest": asked.digest}
    answer = await somebody.post("/approvals", **fields, choice="approve", notes="ok")
    assert answer.status_code == (303 if may else 403)
    state = await api.db.fetchval("SELECT state FROM cards WHERE turn_id = $1", asked.turn_id)
    assert state == ("yes" if may else "open")


async def test_every_action_is_audited_with_who_as_what_and_where(api, enter) -> None:
    kim, conversation_id = await enter("agent"), await api.begin()
    at = f"/conversations/{conversation_id}"
    await kim.get(at)
    await kim.get(f"{at}/live")
    for step, fields in (("takeover", {}), ("reveal", {}), ("hide", {}), ("notes", {"note": "n"}), ("handback", {})):
        assert (await kim.post(f"{at}/{step}", **fields)).status_code == 303
    assert await _audited(api, conversation_id) == [
        (what, "staff_kim", "console:agent")
        for what in (
            "console_read", "staff_takeover", "staff_read", "console_reveal", "console_hide", "staff_note",
            "staff_handback",
        )
    ]  # fmt: skip
    whole = await (await enter("admin", "staff_ann")).page("/audit")
    for told in ("staff takeover", "staff_kim", "console:agent", conversation_id, "console sign in", "staff_ann"):
        assert told in whole


async def test_staff_of_another_shop_find_nothing_of_this_one(
    api, browser, enter, with_a_person, ask_for_approval
) -> None:
    conversation_id, asked = await with_a_person(api), await ask_for_approval(api)
    await (await enter()).get(f"/conversations/{conversation_id}")
    stranger = browser()
    await stranger.sign_in(token(api, "staff_eve", ADMIN, api.other_shop))
    for tab in ("waiting", "staff", "bot"):
        assert "cnv_" not in await stranger.page(f"/inbox?tab={tab}")
    assert asked.turn_id not in await stranger.page("/approvals")
    assert conversation_id not in await stranger.page("/audit")
    for path in (f"/conversations/{conversation_id}", f"/conversations/{conversation_id}/live"):
        assert (await stranger.get(path)).status_code == 404
    for step in ("takeover", "handback", "reveal"):
        assert (await stranger.post(f"/conversations/{conversation_id}/{step}")).status_code == 404
    fields = {"conversation_id": asked.conversation_id, "turn_id": asked.turn_id, "digest": asked.digest}
    assert (await stranger.post("/approvals", **fields, choice="approve")).status_code == 404


async def test_staff_whom_their_own_issuer_signs_in_look_after_the_shops_customers(api, browser, with_a_person) -> None:
    conversation_id, ann = await with_a_person(api), browser()
    await ann.sign_in(token(api, "staff_ann", AGENT, api.staff_door))
    assert conversation_id in await ann.page("/inbox")


@pytest.mark.parametrize(
    "path", ["/conversations/none", "/conversations/cnv_" + "0" * 32, "/inbox?tab=x", "/inbox?after=1"]
)
async def test_what_is_not_there_is_a_page_that_says_so(enter, path: str) -> None:
    answer = await (await enter()).get(path)
    assert (answer.status_code, answer.headers["content-type"]) == (404, "text/html; charset=utf-8")
    assert "inbox" in answer.text
