"""What others get from the machine: traces that tell nothing of anybody, and notices to staff that tell no more."""

import random
import secrets
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass

import pytest
import pytest_asyncio

from e2e.approving import confirmed, decide, waiting
from e2e.leaving import Leaving, watched
from e2e.machine import Machine
from e2e.planted import everything_is_said, found_in, planted
from e2e.shop import paid_order
from e2e.visitor import Visitor
from onebox.keys import KIM, Person
from onebox.ports import ORCHESTRATOR, TOOL_SERVICES
from onebox.stack import SERVICES
from servicekit.auth.claims import Role
from servicekit.testing import eventually

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]


WHY = " because the tent that I bought as {name}, {email}, card {card}, IBAN {iban}, came to {address} broken"


@dataclass(frozen=True, slots=True)
class Afternoon:
    """What customers told, and what left the machine meanwhile."""

    values: list[str]
    leaving: Leaving
    refunded: str


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def afternoon(running_machine: Machine) -> AsyncIterator[Afternoon]:
    """A customer tells all of theirs in every way, asks every service, and has a refund that staff approve."""
    values = planted(random.Random(secrets.randbits(64)))
    person = Person(f"cust_{secrets.token_hex(6)}", Role.CUSTOMER, values["name"], values["email"])
    async with watched(running_machine) as leaving, AsyncExitStack() as visitors:

        def visit(who: Person) -> Visitor:
            visitor = running_machine.visitor(who)
            visitors.push_async_exit(visitor)
            return visitor

        await everything_is_said(visit, values, person)
        assert (await visit(person).say("How do I return an item?")).end["citations"]
        shop = await paid_order(running_machine, person=person)
        # An order that nobody asked about before: orders is asked, and not the cache. It has none of that number.
        assert (await visit(person).say(f"Where is my order {shop.order}?")).tools("failed")
        turn = await confirmed(visit(person), shop.order, 200, WHY.format(**values))
        assert (await decide(visit(KIM), await waiting(visit(KIM), turn))).status_code == 202
        await visit(person).follow(turn, to_end=True)
        assert await shop.given() == [20_000]
        await leaving.knocked(values.values())
        yield Afternoon(list(values.values()), leaving, shop.order)


async def test_the_spans_of_all_services_arrive_and_are_one_trace_from_service_to_service(afternoon: Afternoon) -> None:
    """Or a collector that nobody sends to would pass the next one."""
    sent = {service: afternoon.leaving.collector.spans(service) for service in SERVICES}
    assert all(sent.values()), {service: len(spans) for service, spans in sent.items()}
    asking = {(span.trace_id, span.span_id) for span in sent[ORCHESTRATOR]}
    for service in TOOL_SERVICES:
        assert asking & {(span.trace_id, span.parent_span_id) for span in sent[service]}, service


async def test_no_span_tells_anything_of_anybody(afternoon: Afternoon) -> None:
    found = {(service, value) for service, text in afternoon.leaving.collector.texts()
             for value in found_in(afternoon.values, text)}  # fmt: skip
    assert found == set()


async def test_staff_hear_in_slack_what_waits_and_not_whose_it_is(afternoon: Afternoon) -> None:
    posts = afternoon.leaving.slack.posts

    def posted(words: str) -> bool:
        return any(words in str(post) for post in posts)

    await eventually(lambda: posted(f"Refund 200.00 USD of order {afternoon.refunded}"), 20)
    assert found_in(afternoon.values, "\n".join(map(str, posts))) == []
