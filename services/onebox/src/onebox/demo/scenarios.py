"""What works when everything works, and who is refused."""

import re
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx

import retrieval
from contracts.ids import mask_id
from onebox.demo.facts import OrderFacts, hand_over_of, order_facts
from onebox.demo.talk import Talk
from onebox.demo.verdict import Verdict
from onebox.demo.world import World
from onebox.keys import ADA, BEN, GUEST

ORDER = "ABC123"
WHERE = f"Where is my order {ORDER}?"
NEGATION = re.compile(r"\b(no|not|don't|do not|does not|doesn't|couldn't|cannot|can't|nothing|isn't)\b", re.IGNORECASE)
ARTICLES = Path(retrieval.__file__).parent / "knowledge"


async def owner_asks_for_an_order(world: World, verdict: Verdict) -> None:
    """The status comes from the orders service, and the order's id is masked."""
    facts = await order_facts(world.database("orders"), ORDER)
    before = await world.counters()
    talk = await world.talk(ADA, WHERE)
    after = await world.counters()
    asked = after.total("orders", "aiguy_tool_calls_total") - before.total("orders", "aiguy_tool_calls_total")
    verdict.check("answered", talk.outcome == "answered", talk.outcome)
    verdict.check("the orders service was asked", asked >= 1, asked)
    known = facts.status in talk.text.lower() or facts.carrier in talk.text
    verdict.check(f"it says what the shop knows ({facts.status}, {facts.carrier})", known, talk.text)
    verdict.check(f"the id is masked but its last four ({mask_id(ORDER)})", _is_masked(talk), talk.text)
    verdict.check("the streamed pieces make up the answer", talk.streamed == talk.text, talk.streamed)


async def others_ask_for_the_same_order(world: World, verdict: Verdict) -> None:
    """Another customer and a guest learn nothing, not even that the order exists."""
    facts = await order_facts(world.database("orders"), ORDER)
    ben = await world.talk(BEN, WHERE)
    nobody = await world.talk(BEN, WHERE.replace(ORDER, "ABC124"))
    before = await world.counters()
    guest = await world.talk(GUEST, WHERE)
    after = await world.counters()
    asked = after.total("orders", "aiguy_tool_calls_total") - before.total("orders", "aiguy_tool_calls_total")
    for name, talk in (("another customer", ben), ("a guest", guest)):
        leaked = _leaks(talk, facts)
        verdict.check(f"{name} is refused", talk.end and talk.outcome != "answered", talk.outcome)
        verdict.check(f"{name} is offered a ticket", "ticket" in talk.text.lower(), talk.text)
        verdict.check(f"{name} learns no word of the order", not leaked, leaked)
    same = _without_ids(ben) == _without_ids(nobody)
    verdict.check("somebody else's order and one that does not exist read the same", same, nobody.text)
    verdict.check("for a guest no order is looked up at all", asked == 0, asked)


async def knowledge_is_cited(world: World, verdict: Verdict) -> None:
    """The answer comes from an article, names it, and quotes words that stand in it."""
    talk = await world.talk(ADA, "How do I return an item?")
    citations = talk.end.citations if talk.end else ()
    verdict.check("answered", talk.outcome == "answered", talk.outcome)
    verdict.check("a source is cited", citations)
    verdict.check("it is about returns", any("return" in one.title.lower() for one in citations), citations)
    verdict.check("the answer names a source", any(one.title in talk.text for one in citations), talk.text)
    verdict.check("every quote stands word for word in its article", _quotes_are_real(talk), citations)


async def unknown_things_are_not_invented(world: World, verdict: Verdict) -> None:
    """There is no such programme: the answer says so and cites the nearest document."""
    talk = await world.talk(ADA, "Do you offer a loyalty programme with lounge access?")
    citations = talk.end.citations if talk.end else ()
    verdict.check("it is refused, not answered", talk.outcome == "refused", talk.outcome)
    verdict.check("it says no", NEGATION.search(talk.text), talk.text)
    verdict.check("the nearest document is cited", citations and _quotes_are_real(talk), citations)


async def invoice_is_a_signed_link(world: World, verdict: Verdict) -> None:
    """The link gives a real PDF, ends soon, and cannot be changed."""
    talk = await world.talk(ADA, f"Send me the invoice for {ORDER}")
    links = list(talk.end.links.values()) if talk.end else []
    verdict.check("there is a link", links, talk.text)
    if not links:
        return
    url = links[0]
    expires = int(parse_qs(urlsplit(url).query).get("expires", ["0"])[0])
    left_s = expires - datetime.now(UTC).timestamp()
    async with httpx.AsyncClient(timeout=10.0) as client:
        file = await client.get(url)
        longer = await client.get(url.replace(f"expires={expires}", f"expires={expires + 86_400}"))
        other = await client.get(re.sub(r"[^/]+\.pdf", "INV-2026-0002.pdf", url))
    verdict.check("it gives a PDF", file.status_code == 200 and file.content.startswith(b"%PDF-"), file.status_code)
    verdict.check("the PDF is whole", file.content.rstrip().endswith(b"%%EOF"), f"{len(file.content)} bytes")
    verdict.check("the link ends within 15 minutes", 0 < left_s <= 900, f"{left_s:.0f} s")
    verdict.check("its end cannot be put off", longer.status_code == 403, longer.status_code)
    verdict.check("it opens no other invoice", other.status_code == 403, other.status_code)


async def a_person_takes_over(world: World, verdict: Verdict) -> None:
    """The hand-over and its ticket are in the tickets database, and the conversation says who answers."""
    asker = world.caller(ADA)
    async with asker.client as client:
        talk = await asker.say("I want to talk to a person")
        view = await client.read(talk.conversation_id)
    world.show(talk)
    row = await hand_over_of(world.database("tickets"), world.people, talk.conversation_id)
    verdict.check("handed over", talk.outcome == "handed_over", talk.outcome)
    verdict.check("a ticket exists and the hand-over is recorded", row, "no row")
    verdict.check("the customer asked is the reason", row and row["reason"] == "customer_asked", row)
    verdict.check("the answer names the ticket", row and row["number"] in talk.text, talk.text)
    verdict.check("the conversation says that a person answers", view["answering"] == "staff", view["answering"])


def _is_masked(talk: Talk) -> bool:
    return ORDER not in talk.everything and mask_id(ORDER)[-4:] in talk.text


def _leaks(talk: Talk, facts: OrderFacts) -> list[str]:
    said = talk.everything.lower()
    return [word for word in facts.private_words if word and word.lower() in said]


def _without_ids(talk: Talk) -> str:
    return re.sub(r"\S*C12[34]\b", "…", talk.text)


def _quotes_are_real(talk: Talk) -> bool:
    citations = talk.end.citations if talk.end else ()
    return bool(citations) and all(_plain(one.quote) in _plain(_article(one.url)) for one in citations)


def _article(url: str) -> str:
    file = ARTICLES / f"{urlsplit(url).path.rsplit('/', 1)[-1]}.md"
    return file.read_text(encoding="utf-8") if file.is_file() else ""


def _plain(text: str) -> str:
    """Words only: Markdown marks and line breaks are not part of a quote."""
    return " ".join(re.sub(r"[^\w\s]", " ", text).lower().split())
