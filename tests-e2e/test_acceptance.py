"""The conversations that must always work, judged by what they did and said, and by what reached nobody else."""

import io
import json
import re
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import pypdf
import pytest

import retrieval
from e2e.facts import rows, tickets_of, turns_of
from e2e.people import ADA, BEN, guest
from onebox.demo.facts import OrderFacts, order_facts
from onebox.ports import TOOL_SERVICES

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]
WHERE = "Where is my order ABC123?"
CALLS = "aiguy_tool_calls_total"
INTERNALS = re.compile(
    r"traceback|exception|error|http|50\d|127\.0\.0\.1|get_order|list_orders|time-?out|upstream", re.IGNORECASE
)
ARTICLES = Path(retrieval.__file__).parent / "knowledge"


def _words(text: str) -> str:
    return " ".join(re.sub(r"[^\w\s]", " ", text).lower().split())


def _stands_in_its_article(citation: dict[str, str]) -> bool:
    article = ARTICLES / f"{urlsplit(citation['url']).path.rsplit('/', 1)[-1]}.md"
    return bool(citation["quote"]) and _words(citation["quote"]) in _words(article.read_text())


async def _asked(machine, before, *services: str, **labels: str) -> float:
    after = await machine.counters()
    return sum(after.total(name, CALLS, **labels) - before.total(name, CALLS, **labels) for name in services)


async def test_1_the_owner_hears_where_the_order_is(machine, visit) -> None:
    facts = await order_facts(machine.database("orders"), "ABC123")
    await machine.wipe_redis()  # or a look-up of a moment ago answers
    before = await machine.counters()
    ada = visit(ADA)
    turn = await ada.say(WHERE)
    assert turn.outcome == "answered"
    assert await _asked(machine, before, "orders", tool="get_order_status") == 1
    assert facts.carrier in turn.text
    assert "••C123" in turn.text
    assert "ABC123" not in "".join(event.data.get("text", "") for event in turn.events)
    assert turn.streamed == turn.text
    assert turn.tools("started") == turn.tools("succeeded") == {"get_order_status"}
    view = await ada.view(turn.conversation_id)
    said = [(one["role"], one["text"]) for one in view["messages"]]
    assert said[0][1].startswith("You are chatting with an AI assistant of Hearth & Pine.")
    assert said[1:] == [("customer", WHERE), ("assistant", turn.text)]
    assert (view["status"], view["answering"], view["open_turn"]) == ("idle", "bot", None)


def _leaks(received: list[str], facts: OrderFacts) -> list[str]:
    said = "\n".join(received).lower()
    private = (facts.carrier, facts.tracking_url, facts.city, facts.total, *facts.items, "ada@example.com", "moreno")
    return [word for word in (*private, f"is {facts.status}", "cust_ada") if word and word.lower() in said]


@pytest.mark.parametrize("question", [WHERE, "What is in my order ABC123?", "Send me the invoice for ABC123",
                                      "I am Ada Moreno, ada@example.com. Where is my order?"])  # fmt: skip
async def test_2_nobody_else_learns_a_word_of_it(machine, visit, question: str) -> None:
    facts = await order_facts(machine.database("orders"), "ABC123")
    for person in (BEN, guest()):
        visitor = visit(person)
        before = await machine.counters()
        turn = await visitor.say(question)
        view = await visitor.view(turn.conversation_id)
        # What the visitor said comes back in their own thread; that is no leak.
        told = [line.replace(question, "") for line in visitor.received] + [json.dumps(view).replace(question, "")]
        assert _leaks(told, facts) == []
        assert turn.outcome != "answered", turn.text
        assert "ticket" in turn.text.lower(), turn.text
        assert turn.end["links"] == {}
        if person.email is None:
            assert await _asked(machine, before, "orders", "billing") == 0


async def test_2_an_order_of_somebody_else_reads_like_one_that_does_not_exist(machine, visit) -> None:
    ben = visit(BEN)
    adas, nobodys = [await ben.say(f"Where is my order {order}?") for order in ("ABC123", "ABC999")]
    assert adas.text.replace("ABC123", "").replace("••C123", "") == nobodys.text.replace("ABC999", "").replace(
        "••C999", ""
    )
    assert adas.outcome == nobodys.outcome
    assert [event.name for event in adas.events] == [event.name for event in nobodys.events]


async def test_3_a_question_is_answered_from_an_article_that_is_named_and_quoted(machine, visit) -> None:
    turn = await visit(ADA).say("How do I return an item?")
    citations = turn.end["citations"]
    assert turn.outcome == "answered"
    assert any("return" in one["title"].lower() for one in citations)
    assert any(one["title"] in turn.text for one in citations), turn.text
    assert all(_stands_in_its_article(one) for one in citations), citations
    assert [{key: one[key] for key in ("title", "url", "quote")} for one in citations] == turn.named("citation")


async def test_4_what_does_not_exist_is_not_invented(machine, visit) -> None:
    turn = await visit(ADA).say("Do you offer a loyalty programme with lounge access?")
    assert turn.outcome == "refused", turn.text
    assert re.search(r"\b(no|not|couldn't|cannot|nothing)\b", turn.text), turn.text
    assert turn.end["citations"]
    assert all(_stands_in_its_article(one) for one in turn.end["citations"])
    assert not re.search(r"\b(we|our)\b[^.]*\b(offer|have|provide)s?\b[^.]*\blounge", turn.text, re.IGNORECASE)


async def test_5_the_invoice_is_a_real_pdf_behind_a_link_that_ends(machine, visit) -> None:
    turn = await visit(ADA).say("Send me the invoice for ABC123")
    (url,) = turn.end["links"].values()
    query = {key: values[0] for key, values in parse_qs(urlsplit(url).query).items()}
    left_s = int(query["expires"]) - datetime.now(UTC).timestamp()
    assert 0 < left_s <= 900
    async with httpx.AsyncClient(timeout=10) as anybody:
        file = await anybody.get(url)
        later = await anybody.get(url.replace(query["expires"], str(int(query["expires"]) + 3600)))
        other = await anybody.get(re.sub(r"[^/]+\.pdf", "INV-2026-0002.pdf", url))
        bare = await anybody.get(url.split("?")[0])
    assert (file.status_code, file.headers["content-type"]) == (200, "application/pdf")
    pages = pypdf.PdfReader(io.BytesIO(file.content)).pages
    words = "".join(page.extract_text() for page in pages)
    assert "INV-2026-0001" in words
    assert "Ada Moreno" in words
    assert "184.00" in words
    assert (later.status_code, other.status_code) == (403, 403)
    assert bare.status_code in (403, 422)
    assert not any(answer.content.startswith(b"%PDF") for answer in (later, other, bare))


async def test_6_a_tool_that_is_too_slow_ends_in_plain_words_and_the_offer_of_a_person(machine, visit) -> None:
    async with machine.stack.proxies["orders"].delayed(8):
        turn = await visit(ADA).say("Where is my order 1234?")
    assert turn.outcome == "tool_failed"
    assert turn.tools("failed") == {"get_order_status"}
    assert re.search(r"\b(person|team|ticket)\b", turn.text), turn.text
    assert not INTERNALS.search(turn.text), turn.text
    again = await visit(ADA).say("Where is my order 1234?")
    assert again.outcome == "answered", again.text


async def test_6_a_tool_that_is_2_s_late_within_its_time_is_said_to_be_asked_and_then_answers(machine, visit) -> None:
    async with machine.stack.proxies["billing"].delayed(2):
        turn = await visit(ADA).say("Send me the invoice for ABC123")
    first = turn.named("tool")[0]
    assert (first["name"], first["phase"], first["label"]) == ("get_invoice_pdf", "started", "Fetching your invoice")
    assert turn.outcome == "answered", turn.text
    assert turn.end["links"]


async def test_7_a_person_takes_over_and_the_bot_keeps_silent(machine, visit) -> None:
    ada = visit(ADA)
    turn = await ada.say("I want to talk to a person")
    (ticket,) = await tickets_of(machine.database("tickets"), turn.conversation_id)
    assert (turn.outcome, turn.end["answering"]) == ("handed_over", "staff")
    assert (ticket["handoff"], ticket["turn_id"]) == ("customer_asked", turn.turn_id)
    assert ticket["requester"] == machine.people.name("cust_ada")
    assert ticket["number"] in turn.text
    assert (await ada.view(turn.conversation_id))["answering"] == "staff"
    before = await machine.counters()
    silent = await ada.say(WHERE, turn.conversation_id)
    assert (silent.outcome, silent.text, silent.end["answering"]) == ("with_staff", "", "staff")
    assert await _asked(machine, before, *TOOL_SERVICES) == 0
    view = await ada.view(turn.conversation_id)
    assert [one["role"] for one in view["messages"]] == ["assistant", "customer", "assistant", "customer"]
    assert view["answering"] == "staff"


async def test_7_the_button_is_enough_to_get_a_person(machine, visit) -> None:
    ada = visit(ADA)
    turn = await ada.follow(await ada.hand_off(await ada.begin()))
    assert turn.outcome == "handed_over"
    (ticket,) = await tickets_of(machine.database("tickets"), turn.conversation_id)
    assert ticket["handoff"] == "customer_asked"


async def test_7_a_guest_gets_a_person_too(machine, visit) -> None:
    visitor = visit(guest())
    turn = await visitor.say("Can I speak to a real person?")
    assert turn.outcome == "handed_over"
    assert len(await tickets_of(machine.database("tickets"), turn.conversation_id)) == 1


async def test_one_call_holds_a_whole_turn_as_json_and_as_a_stream(machine, visit) -> None:
    ada = visit(ADA)
    body = {"session_id": f"session-{ada.token()[-16:]}", "message": WHERE}
    whole = await ada.call("POST", "/chat", body)
    assert whole.status_code == 200, whole.text
    assert whole.json()["outcome"] == "answered"
    assert "Parcelway" in whole.json()["text"]
    headers = ada.headers | {"accept": "text/event-stream"}
    streamed = await ada.http.post("/chat", json=body, headers=headers)
    assert streamed.headers["content-type"].startswith("text/event-stream")
    assert streamed.text.count("event: end\n") == 1
    turns = await turns_of(machine.database("orchestrator"), whole.json()["conversation_id"])
    assert [turn["status"] for turn in turns] == ["ended", "ended"]  # the same session is the same conversation


async def test_a_turn_leaves_a_record_that_can_be_asked(machine, visit) -> None:
    turn = await visit(ADA).say(WHERE)
    (row,) = await rows(
        machine.database("orchestrator"),
        "SELECT outcome, tools, model, worked_ms, confidence FROM turns WHERE id = $1", turn.turn_id,
    )  # fmt: skip
    (tool,) = json.loads(row["tools"])
    assert (row["outcome"], tool["tool"], tool["error"]) == ("answered", "get_order_status", None)
    assert row["worked_ms"] > 0
    assert "ABC123" not in row["tools"]
