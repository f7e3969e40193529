"""Macros at the console: who decides, what may be approved, what a colleague is offered and sends, what comes of it."""

import asyncio
import itertools
import re
from html import unescape
from typing import Any

import pytest
import pytest_asyncio

from contracts.ids import new_id
from orchestrator.macros.store import MOST_MACROS
from servicekit.auth.claims import Role

from .conftest import ADMIN, ROLES, token

pytestmark = [pytest.mark.service, pytest.mark.asyncio(loop_scope="module")]
SITE = "orchestrator"
AXES = "Do you sharpen axes?"
YES = "Yes, we sharpen axes in our workshop. Send it to us, it takes three days."
MARKUP = "<img src=x onerror=alert(1)></textarea>\"'{{ 7*7 }}"
DECIDERS = {"approver", "admin"}
_numbers = itertools.count(1)


@pytest_asyncio.fixture(autouse=True, loop_scope="module")
async def nothing_yet(api: Any) -> None:
    """No conversation with staff, no macro, nothing looked at."""
    for table in ("macro_runs", "macro_suggestions", "macro_versions", "macros", "feedback", "staff_messages"):
        await api.db.execute(f"DELETE FROM {table}")
    await api.db.execute("DELETE FROM thread")


async def asked(api: Any, text: str = AXES, subject: str = "") -> str:
    """A conversation with a person, whose customer said this."""
    subject = subject or f"cust_{next(_numbers)}"
    conversation_id = str(await api.begin(subject))
    await api.db.execute("UPDATE conversations SET answering = 'staff' WHERE id = $1", conversation_id)
    said = {"conversation_id": conversation_id, "text": text, "client_turn_id": f"q{next(_numbers)}"}
    assert (await api.post("/api/agent/messages", said, subject=subject)).status_code == 202
    return conversation_id


async def suggested(api: Any, kim: Any, text: str = YES) -> str:
    """A suggestion from three customers' answers; its id."""
    for _ in range(3):
        conversation_id = await asked(api)
        sent = await kim.post(f"/conversations/{conversation_id}/messages", text=text, message_id=new_id("msg"))
        assert sent.status_code == 303, sent.text
    await api.db.execute("DELETE FROM macro_runs")
    assert (await kim.post("/macros/look")).status_code == 303
    found = re.search(r'id="(mcs_[0-9a-f]{32})"', await kim.page("/macros"))
    assert found is not None
    return found[1]


async def approved(kim: Any, question: str = AXES, text: str = YES, language: str = "en") -> str:
    """A macro; its id."""
    kept = await kim.post("/macros/new", question=question, text=text, language=language)
    assert kept.status_code == 303, kept.text
    return str(kept.headers["location"].rsplit("/", 1)[1])


async def send(kim: Any, conversation_id: str, text: str, macro: str) -> Any:
    return await kim.post(
        f"/conversations/{conversation_id}/messages", text=text, message_id=new_id("msg"), macro=macro
    )  # fmt: skip


async def audited(api: Any, step: str) -> int:
    count: int = await api.db.fetchval("SELECT count(*) FROM audit WHERE tool = $1", step)
    return count


async def test_a_suggestion_does_nothing_until_it_is_approved(api, enter) -> None:
    kim = await enter()
    suggestion_id = await suggested(api, kim)
    waits = await asked(api)
    assert "data-macro" not in await kim.page(f"/conversations/{waits}/macros")
    page = await kim.page(f"/macros/suggestions/{suggestion_id}")
    assert "3 customers in 3 conversations" in page
    assert page.count('href="/console/conversations/cnv_') == 3
    assert page.count(YES) == 2  # word for word, and in the form
    before = await audited(api, "macro_approve")
    answer = await kim.post(f"/macros/suggestions/{suggestion_id}/approve", question=AXES, text=f"{YES} Bye.")
    assert answer.status_code == 303
    assert f"{YES} Bye." in await kim.page(answer.headers["location"].removeprefix("/console"))
    assert f'data-text="{YES} Bye."' in await kim.page(f"/conversations/{waits}/macros")
    assert "Nothing is suggested." in await kim.page("/macros")
    assert await audited(api, "macro_approve") == before + 1
    # A colleague who is a moment too late.
    again = await kim.post(f"/macros/suggestions/{suggestion_id}/approve", question=AXES, text=YES)
    assert again.status_code == 404
    assert await api.db.fetchval("SELECT count(*) FROM macros") == 1


async def test_of_two_who_decide_at_once_one_does(api, enter) -> None:
    kim, lee = await enter(), await enter("approver", "staff_lee")
    at, told = f"/macros/suggestions/{await suggested(api, kim)}", {"question": AXES, "text": YES}
    decided = await asyncio.gather(
        *(one.post(f"{at}/approve", **told) for one in (kim, lee)), kim.post(f"{at}/dismiss")
    )  # fmt: skip
    assert sorted(one.status_code for one in decided) == [303, 404, 404]
    dismissed = await api.db.fetchval("SELECT state = 'dismissed' FROM macro_suggestions")
    assert await api.db.fetchval("SELECT count(*) FROM macros") == (0 if dismissed else 1)


async def test_what_is_dismissed_is_gone_and_audited(api, enter) -> None:
    kim, before = await enter(), await audited(api, "macro_dismiss")
    suggestion_id = await suggested(api, kim)
    assert (await kim.post(f"/macros/suggestions/{suggestion_id}/dismiss")).status_code == 303
    assert "Nothing is suggested." in await kim.page("/macros")
    assert (await kim.get(f"/macros/suggestions/{suggestion_id}")).status_code == 404
    assert (await kim.post(f"/macros/suggestions/{suggestion_id}/dismiss")).status_code == 404
    assert await audited(api, "macro_dismiss") == before + 1
    assert await api.db.fetchval("SELECT count(*) FROM macros") == 0


@pytest.mark.parametrize("role", sorted(ROLES))
async def test_only_approvers_and_admins_decide_and_all_may_look(api, enter, role: str) -> None:
    kim, somebody = await enter(), await enter(role, "staff_ann")
    suggestion_id, macro_id = await suggested(api, kim), await approved(kim, "Where is my invoice?", "In your account.")
    for path in ("/macros", f"/macros/suggestions/{suggestion_id}", f"/macros/{macro_id}"):
        page = await somebody.page(path)
        assert ("/console/macros/new" in page or "/approve" in page or "/retire" in page) == (role in DECIDERS), path
    for path in ("/macros/new", f"/macros/{macro_id}/article"):
        assert (await somebody.get(path)).status_code == (200 if role in DECIDERS else 403), path
    await somebody.get("/inbox")
    told = {"question": AXES, "text": YES}
    forms = {
        "/macros/look": {}, "/macros/new": told | {"language": "en"}, f"/macros/{macro_id}": told | {"seen": "1"},
        f"/macros/{macro_id}/retire": {}, f"/macros/suggestions/{suggestion_id}/dismiss": {},
    }  # fmt: skip
    for path, fields in forms.items():
        answer = await somebody.post(path, **fields)
        assert answer.status_code == (303 if role in DECIDERS else 403), (path, answer.text)
    assert await api.db.fetchval("SELECT count(*) FROM macros WHERE retired_at IS NULL") == 1
    assert await api.db.fetchval("SELECT state FROM macro_suggestions") == (
        "dismissed" if role in DECIDERS else "open"
    )  # fmt: skip


async def test_a_form_from_elsewhere_decides_nothing(api, enter) -> None:
    kim = await enter()
    suggestion_id = await suggested(api, kim)
    kim.csrf = "0" * 64
    for path in (f"/macros/suggestions/{suggestion_id}/dismiss", "/macros/look"):
        assert (await kim.post(path)).status_code == 403
    assert await api.db.fetchval("SELECT state FROM macro_suggestions") == "open"


async def test_staff_of_another_shop_see_and_decide_nothing_of_this_one(api, enter, browser) -> None:
    kim, eve = await enter(), browser()
    suggestion_id, macro_id = await suggested(api, kim), await approved(kim, "Where is my invoice?", "In your account.")
    await eve.sign_in(token(api, "staff_eve", ADMIN, api.other_shop))
    page = await eve.page("/macros")
    assert suggestion_id not in page
    assert macro_id not in page
    await eve.get("/inbox")
    for path in (f"/macros/suggestions/{suggestion_id}", f"/macros/{macro_id}", f"/macros/{macro_id}/article"):
        assert (await eve.get(path)).status_code == 404, path
    told = {"question": AXES, "text": YES}
    for path, fields in {
        f"/macros/suggestions/{suggestion_id}/approve": told, f"/macros/suggestions/{suggestion_id}/dismiss": {},
        f"/macros/{macro_id}": told | {"seen": "1"}, f"/macros/{macro_id}/retire": {},
    }.items():  # fmt: skip
        assert (await eve.post(path, **fields)).status_code == 404, path
    begun = await api.http.post(
        "/api/agent/conversations", json={}, headers=api.bearer("cust_eva", Role.CUSTOMER, api.other_shop)
    )
    theirs = begun.json()["conversation_id"]
    await api.db.execute("UPDATE conversations SET answering = 'staff' WHERE id = $1", theirs)
    assert (await send(eve, theirs, YES, f"{macro_id}@1")).status_code == 404
    assert await api.db.fetchval("SELECT count(*) FROM staff_messages WHERE conversation_id = $1", theirs) == 0


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"text": "Write to <email>, please."}, "<email> stands for somebody's data"),
        ({"question": "Is <name> there?"}, "<name> stands for somebody's data"),
        ({"text": "Take the code {discount}."}, "Nothing can be filled in for {discount}"),
        ({"text": ""}, "/text"),
        ({"text": "x" * 4001}, "/text"),
        ({"question": "  "}, "/question"),
        ({"language": "xx"}, "/language"),
        ({"more": "x"}, "/more"),
    ],
    ids=["masked text", "masked question", "unknown place", "empty", "long", "no question", "language", "further"],
)
async def test_what_cannot_be_sent_to_everybody_is_not_kept(api, enter, fields, told: str) -> None:
    kim = await enter()
    answer = await kim.post("/macros/new", **({"question": AXES, "text": YES, "language": "en"} | fields))
    assert answer.status_code == 422
    assert told in unescape(answer.text)
    assert await api.db.fetchval("SELECT count(*) FROM macros") == 0


async def test_a_site_has_so_many_macros_and_no_more(api, enter) -> None:
    kim = await enter()
    macro_id = await approved(kim)
    many = (
        "INSERT INTO macros (id, issuer, language, created_at) SELECT 'mac_' || lpad(n::text, 32, '0'), $1, 'en', now()"
        " FROM generate_series(2, $2::int) n"
    )
    await api.db.execute(many, SITE, MOST_MACROS)
    told = {"question": AXES, "text": YES, "language": "en"}
    assert (await kim.post("/macros/new", **told)).status_code == 409
    await kim.post(f"/macros/{macro_id}/retire")
    assert (await kim.post("/macros/new", **told)).status_code == 303


async def test_an_answer_from_a_macro_is_a_normal_one_and_the_journal_keeps_which_it_was(api, enter) -> None:
    kim, conversation_id = await enter("admin"), await asked(api)
    macro_id = await approved(kim)
    assert (await send(kim, conversation_id, YES, f"{macro_id}@1")).status_code == 303
    row = await api.db.fetchrow("SELECT macro_id, macro_version, macro_kept, said_by FROM staff_messages")
    assert tuple(row) == (macro_id, 1, 1.0, "staff_kim")
    assert YES in await kim.page(f"/conversations/{conversation_id}")
    page = await kim.page(f"/macros/{macro_id}")
    assert "0 of 1" in page


async def test_a_place_that_is_open_reaches_no_customer(api, enter) -> None:
    kim, conversation_id = await enter(), await asked(api)
    macro_id = await approved(kim, text="Hello {customer_name}, we sharpen axes.")
    answer = await send(kim, conversation_id, "Hello {customer_name}, we sharpen axes.", f"{macro_id}@1")
    assert answer.status_code == 422
    assert "{customer_name}" in answer.text
    assert await api.db.fetchval("SELECT count(*) FROM staff_messages") == 0
    assert await api.db.fetchval("SELECT count(*) FROM thread WHERE role = 'staff'") == 0


@pytest.mark.parametrize("macro", ["mac_" + "0" * 32 + "@1", "mac_x", "' OR 1=1", "mac_" + "0" * 32])
async def test_a_macro_that_there_is_not_stops_the_message(api, enter, macro: str) -> None:
    kim, conversation_id = await enter(), await asked(api)
    assert (await send(kim, conversation_id, YES, macro)).status_code in (404, 422)
    assert await api.db.fetchval("SELECT count(*) FROM thread WHERE role = 'staff'") == 0


async def test_a_resent_answer_is_one_use(api, enter) -> None:
    kim, conversation_id = await enter(), await asked(api)
    macro_id = await approved(kim)
    for _ in range(2):
        answer = await kim.post(
            f"/conversations/{conversation_id}/messages", text=YES, message_id="same", macro=f"{macro_id}@1"
        )  # fmt: skip
        assert answer.status_code == 303
    assert '<td data-name="Sent">1</td>' in await kim.page(f"/macros/{macro_id}")


async def test_a_colleague_is_offered_what_fits_filled_in_with_what_they_may_see(api, enter) -> None:
    kim = await enter()
    await approved(
        kim, "Can I change the address of my order?", "Hello {customer_name}, {order_number} goes elsewhere."
    )
    await approved(kim, "Where is my invoice?", "In your account.")
    conversation_id = await asked(api, "Change the delivery address of my order ABC123 please")
    page = await kim.page(f"/conversations/{conversation_id}/macros")
    assert page.count("data-macro=") == 1
    assert 'data-text="Hello {customer_name}, ABC123 goes elsewhere."' in page
    assert "to fill in: customer name" in page
    assert 'data-key="1"' in page
    for role in ("viewer", "approver"):
        assert (await (await enter(role)).get(f"/conversations/{conversation_id}/macros")).status_code == 403


async def test_the_name_is_filled_in_for_who_has_revealed_it_and_for_nobody_else(api, enter) -> None:
    kim, ann = await enter(), await enter("agent", "staff_ann")
    await approved(kim, text="Hello {customer_name}, we sharpen axes.")
    told = {"subject": "cust_named", "role": Role.CUSTOMER, "conversation_id": None, "turn_id": None, "ttl_s": 300}
    named = api.issuer.bearer("orchestrator", ("chat:send",), **told, name="Nora Named")
    begun = await api.http.post("/api/agent/conversations", json={}, headers=named)
    conversation_id = begun.json()["conversation_id"]
    await api.db.execute("UPDATE conversations SET answering = 'staff' WHERE id = $1", conversation_id)
    said = {"conversation_id": conversation_id, "text": AXES, "client_turn_id": "named"}
    assert (await api.http.post("/api/agent/messages", json=said, headers=named)).status_code == 202
    at = f"/conversations/{conversation_id}"
    assert "Nora" not in await kim.page(f"{at}/macros")
    await kim.get(at)
    assert (await kim.post(f"{at}/reveal")).status_code == 303
    assert 'data-text="Hello Nora Named, we sharpen axes."' in await kim.page(f"{at}/macros")
    assert "Nora" not in await ann.page(f"{at}/macros")


async def test_at_most_three_are_offered_in_the_language_of_the_question(api, enter) -> None:
    kim = await enter()
    for number in range(4):
        await approved(kim, f"Do you sharpen axes? {'really ' * number}", f"{YES} {number}")
    await approved(kim, "Do you sharpen axes, German", "Ja, das machen wir.", "de")
    conversation_id = await asked(api, "Hello, I would like to know whether you sharpen axes in your workshop?")
    page = await kim.page(f"/conversations/{conversation_id}/macros")
    assert page.count("data-macro=") == 3
    assert "Ja, das" not in page


async def test_markup_in_a_macro_is_text(api, enter) -> None:
    kim = await enter()
    await approved(kim, f"Do you sharpen axes? {MARKUP.replace('{{ 7*7 }}', '')}", MARKUP.replace("{{ 7*7 }}", "7*7"))
    conversation_id = await asked(api)
    for path in ("/macros", f"/conversations/{conversation_id}/macros"):
        text = (await kim.get(path)).text
        assert "<img" not in text
        assert "onerror" in text


async def test_an_edit_is_a_further_version_and_the_second_of_two_editors_is_told(api, enter) -> None:
    kim, lee, before = await enter(), await enter("approver", "staff_lee"), await audited(api, "macro_edit")
    macro_id = await approved(kim)
    told = {"question": AXES, "text": f"{YES} Bring it along.", "seen": "1"}
    assert (await kim.post(f"/macros/{macro_id}", **told)).status_code == 303
    assert (await lee.post(f"/macros/{macro_id}", **told)).status_code == 409
    page = await kim.page(f"/macros/{macro_id}")
    assert "Keep as version 3" in page
    assert await api.db.fetchval("SELECT max(version) FROM macro_versions") == 2
    conversation_id = await asked(api)
    # Who had the first version before their eyes sends that.
    assert (await send(kim, conversation_id, YES, f"{macro_id}@1")).status_code == 303
    assert await api.db.fetchval("SELECT macro_version FROM staff_messages") == 1
    assert await audited(api, "macro_edit") == before + 1


async def test_a_retired_macro_is_offered_to_nobody_and_cannot_be_changed(api, enter) -> None:
    kim, conversation_id, before = await enter(), await asked(api), await audited(api, "macro_retire")
    macro_id = await approved(kim)
    for _ in range(2):
        assert (await kim.post(f"/macros/{macro_id}/retire")).status_code == 303
    assert await audited(api, "macro_retire") == before + 1
    assert "data-macro" not in await kim.page(f"/conversations/{conversation_id}/macros")
    assert (await kim.post(f"/macros/{macro_id}", question=AXES, text=YES, seen="1")).status_code == 409
    assert "retired" in await kim.page(f"/macros/{macro_id}")
    # It had been inserted a moment before.
    assert (await send(kim, conversation_id, YES, f"{macro_id}@1")).status_code == 303


async def test_what_staff_always_rewrite_and_customers_rate_down_is_shown_as_such(api, enter) -> None:
    kim = await enter()
    macro_id = await approved(kim)
    for number in range(5):
        subject = f"cust_r{next(_numbers)}"
        conversation_id = await asked(api, subject=subject)
        text = YES if number < 2 else "No longer, sadly: the colleague who did has left us for good."
        await send(kim, conversation_id, text, f"{macro_id}@1")
        turn_id = await api.db.fetchval("SELECT id FROM turns WHERE conversation_id = $1", conversation_id)
        told = {"conversation_id": conversation_id, "turn_id": turn_id, "thumbs": "up" if number < 3 else "down"}
        assert (await api.post("/api/agent/feedback", told, subject=subject)).status_code == 204
        page = await kim.page("/macros")
        assert ("edited heavily</span>" in page, "rated down</span>" in page) == (number == 4, number == 4)
    assert "3 of 5" in page
    assert "2 of 5" in page


async def test_the_draft_of_an_article_is_a_file_that_nobody_has_reviewed(api, enter) -> None:
    kim = await enter()
    macro_id = await approved(kim, "Do you sharpen axes?", "Yes.\n\nSend *it* to [us](http://x.example).")
    answer = await kim.get(f"/macros/{macro_id}/article")
    assert answer.headers["content-type"] == "text/markdown; charset=utf-8"
    assert "attachment" in answer.headers["content-disposition"]
    lines = answer.text.splitlines()
    assert lines[1] == 'title: "Do you sharpen axes?"'
    assert "reviewed: false" in lines
    assert lines[-1] == r"Send \*it\* to \[us\](http://x.example)."
    assert (await kim.get("/macros/mac_" + "0" * 32 + "/article")).status_code == 404


async def test_whoever_is_erased_leaves_what_was_suggested_from_their_words(api, enter) -> None:
    kim = await enter()
    suggestion_id = await suggested(api, kim)
    page = await kim.page(f"/macros/suggestions/{suggestion_id}")
    one = re.findall(r"cnv_[0-9a-f]{32}", page)[0]
    whose = await api.db.fetchval("SELECT subject_hash FROM conversations WHERE id = $1", one)
    hashed = api.app.state.desk.conversations.subject_hash
    subject = next(who for number in range(1, 500) if hashed(SITE, who := f"cust_{number}") == whose)
    asked_for = await api.http.post("/api/agent/privacy/erase", json={"customer": subject}, headers=api.staff())
    assert asked_for.status_code == 202, asked_for.text
    assert "Nothing is suggested." in await kim.page("/macros")
    assert (await kim.get(f"/macros/suggestions/{suggestion_id}")).status_code == 404
    assert await api.db.fetchval("SELECT count(*) FROM macro_evidence") == 2
