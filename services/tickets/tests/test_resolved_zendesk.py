"""Resolved tickets that Zendesk keeps: found by its search, answered by the last public comment of an agent."""

import pytest

from contracts.errors import ProblemCode
from servicekit.db.pool import Database
from servicekit.errors import ProblemError
from servicekit.http.aiohttp_client import AiohttpClient
from servicekit.privacy import Finder
from servicekit.testing import FakeClock
from servicekit.testing.faulty import UPSTREAM_SECRET, Fault, Faults
from tickets.parts import zendesk_resolved
from tickets.resolved.masking import Masking
from tickets.resolved.zendesk import ZendeskResolved
from tickets.settings import Settings

from .fake_zendesk import FakeZendesk

pytestmark = pytest.mark.service
ADA, KIM = 71, 72
PEOPLE = [
    {"id": ADA, "name": "Ada Moreno", "role": "end-user", "email": "ada@example.org"},
    {"id": KIM, "name": "Kim Weber", "role": "agent", "email": "kim@shop.example"},
]
ASKED = (ADA, "Can you sharpen my axe?", True)
TOLD = (KIM, "Hello Ada,\nYes, we sharpen axes. Ada Moreno may write to ada@example.org.", True)


@pytest.fixture
def resolved(with_zendesk: Settings, http: AiohttpClient, clock: FakeClock, zendesk: FakeZendesk) -> ZendeskResolved:
    zendesk.people = PEOPLE
    return zendesk_resolved(with_zendesk, http, clock, Masking(Finder.load()))


async def test_the_answer_is_the_last_public_comment_of_an_agent(
    resolved: ZendeskResolved, zendesk: FakeZendesk, database: Database
) -> None:
    more = [(KIM, "First we ask: which axe?", True), TOLD, (ADA, "Thank you!", True), (KIM, "Margin is thin.", False)]
    number = zendesk.solve("Sharpen an axe", [ASKED, *more])
    (found,) = await resolved.search(database, "Do you sharpen axes?", 5)
    assert found.number == f"#{number}"
    assert found.resolution == "Yes, we sharpen axes. [name] may write to [email]."


async def test_open_tickets_and_those_without_a_public_answer_are_left_out(
    resolved: ZendeskResolved, zendesk: FakeZendesk, database: Database
) -> None:
    zendesk.solve("Sharpen an axe", [ASKED, TOLD], status="open")
    zendesk.solve("Sharpen axes again", [ASKED, (KIM, "Internal: we do.", False)])
    zendesk.solve("Sharpen axes", [ASKED, (99, "I am nobody you know.", True)])
    assert await resolved.search(database, "Do you sharpen axes?", 5) == ()


async def test_a_question_with_a_word_too_many_is_asked_again_with_its_longest(
    resolved: ZendeskResolved, zendesk: FakeZendesk, database: Database
) -> None:
    zendesk.solve("Sharpen hatchets", [ASKED, TOLD])
    assert len(await resolved.search(database, "Can one sharpen hatchets by hand?", 5)) == 1
    assert [len(query.split()) - 2 for query in zendesk.searched] == [4, 2]


async def test_a_question_is_never_an_operator_of_their_search(
    resolved: ZendeskResolved, zendesk: FakeZendesk, database: Database
) -> None:
    await resolved.search(database, 'status:open "axes" -sharpen requester:ada@example.org type:user created>2020', 5)
    for query in zendesk.searched:
        assert query.startswith("type:ticket status>=solved ")
        assert not set(query.removeprefix("type:ticket status>=solved ")) & set(':"<>-@')


async def test_a_question_without_words_asks_nobody(
    resolved: ZendeskResolved, zendesk_faults: Faults, database: Database
) -> None:
    assert await resolved.search(database, "?? 12 of", 5) == ()
    assert zendesk_faults.seen == []


@pytest.mark.parametrize(
    ("fault", "code"),
    [(Fault.status(500), ProblemCode.DEPENDENCY_DOWN), (Fault.status(403), ProblemCode.DEPENDENCY_DOWN),
     (Fault.status(429), ProblemCode.RATE_LIMITED), (Fault.garbage(), ProblemCode.DEPENDENCY_DOWN),
     (Fault.hang_before(), ProblemCode.DEADLINE_EXCEEDED)],
    ids=["500", "403", "429", "garbage", "hang"],
)  # fmt: skip
async def test_a_failing_zendesk_is_a_problem_in_our_words(
    resolved: ZendeskResolved, zendesk: FakeZendesk, zendesk_faults: Faults, database: Database, fault: Fault,
    code: ProblemCode,
) -> None:  # fmt: skip
    zendesk.solve("Sharpen axes", [ASKED, TOLD])
    await resolved.search(database, "sharpen axes", 5)
    zendesk_faults.next(fault)
    with pytest.raises(ProblemError) as failed:
        await resolved.search(database, "sharpen axes", 5)
    assert failed.value.code is code
    assert UPSTREAM_SECRET not in str(failed.value)
