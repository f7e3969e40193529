"""More people write than can be answered: who would wait too long is promised an e-mail, and gets it once."""

from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace

import httpx
import pytest
import pytest_asyncio
from fake_smtp import FakeSmtp, smtp_server

from e2e.facts import nothing_owed, rows
from e2e.llm import Llm, scripted_orchestrator
from e2e.machine import Machine
from e2e.people import guest, stranger
from e2e.visitor import Turn, Visitor, accepted
from onebox.ports import ORCHESTRATOR
from onebox.stack import SERVICES
from servicekit.testing import eventually

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]
#: As few turns at once as may be configured, and little patience.
AT_ONCE, PATIENCE_S, PROMISED = 4, 1, 6
GREETING, ANSWER = "Hello there!", "Hello! How can I help you today?"
_OLDEST = (
    "SELECT coalesce(extract(epoch FROM now() - min(created)), 0)::float8 AS waits FROM pgqueuer"
    " WHERE entrypoint = 'run_turn' AND status = 'queued'"
)
_STAFF = "SELECT answering, staff_reason FROM conversations WHERE id = $1"
_ANSWERED = "SELECT count(*) AS turns FROM turns WHERE id = ANY ($1) AND outcome = 'answered'"


@dataclass
class Crowd:
    """A machine that is too small, its slow model, and the mail server."""

    machine: Machine
    llm: Llm
    smtp: FakeSmtp

    async def gathers(self, visit) -> list[Turn]:
        """More turns than run at once, until the first of those that wait has lost its patience. They have no address:
        where the machine is so slow that this comes sooner, the next is turned away, not put off.
        """
        turns: list[Turn] = []
        for _ in range(AT_ONCE + 3):
            visitor = visit(replace(stranger(), email=None))
            conversation_id = await visitor.begin()
            answer = await visitor.post(conversation_id, GREETING)
            if answer.status_code == 503:
                break
            turns.append(accepted(conversation_id, answer))

        async def impatient() -> bool:
            (oldest,) = await rows(self.machine.database(ORCHESTRATOR), _OLDEST)
            return oldest["waits"] > PATIENCE_S + 0.2

        await eventually(impatient, 20)
        return turns

    async def puts_off(self, visitor: Visitor) -> Turn:
        """The turn of somebody who is promised an e-mail, at once: nobody is answered before the model is let go."""
        return await visitor.follow(await visitor.send(await visitor.begin(), GREETING))

    async def settled(self) -> None:
        """Nothing is owed any more."""
        await nothing_owed(self.machine.database(ORCHESTRATOR), "run_turn", "run_later", "mail_answer")


@pytest_asyncio.fixture(loop_scope="session")
async def crowd(running_machine: Machine, scripted_model: Llm) -> AsyncIterator[Crowd]:
    with smtp_server() as smtp:
        await running_machine.stack.restart("tickets", smtp.settings("support@shop.example"))
        await running_machine.ready(*SERVICES)
        small = {
            "AIGUY_WORKER_CONCURRENCY": str(AT_ONCE), "AIGUY_QUEUE_PATIENCE_S": str(PATIENCE_S),
            "AIGUY_LLM_IDLE_TIMEOUT_S": "20", "AIGUY_LLM_TIMEOUT_S": "20",
        }  # fmt: skip
        scripted_model.reset()
        scripted_model.say("Hello", {"text": ANSWER})
        await running_machine.reconfigure(scripted_orchestrator(scripted_model) | small)
        # A new process does not know yet how long turns take: nobody is promised an e-mail before somebody has waited.
        await running_machine.kill(ORCHESTRATOR)
        await running_machine.ready(ORCHESTRATOR)
        found = Crowd(running_machine, scripted_model, smtp)
        scripted_model.behave(held=True)
        yield found
        scripted_model.behave()
        await found.settled()
        await running_machine.stack.restart("tickets")
        await running_machine.ready(*SERVICES)


async def test_every_promised_answer_is_mailed_once_also_when_the_worker_is_killed(crowd: Crowd, visit) -> None:
    waiting = await crowd.gathers(visit)
    people = [stranger() for _ in range(PROMISED)]
    promised = []
    for person in people:
        visitor = visit(person, patient=True)
        turn = await crowd.puts_off(visitor)
        assert turn.outcome == "later"
        assert turn.end["mailed_to"] == f"{person.email[0]}\u2022\u2022\u2022@example.com"
        promised.append((visitor, turn))
    assert crowd.smtp.mails == []
    crowd.llm.behave()
    for wanted in (1, 3):
        await eventually(lambda wanted=wanted: len(crowd.smtp.mails) >= wanted, 60)
        await crowd.machine.kill(ORCHESTRATOR)
        await crowd.machine.ready(ORCHESTRATOR)
    await crowd.settled()
    await eventually(lambda: len(crowd.smtp.mails) >= PROMISED, 30)
    assert Counter(mail["To"] for mail in crowd.smtp.mails) == Counter(person.email for person in people)
    for mail in crowd.smtp.mails:
        assert ANSWER in mail.get_body(("plain",)).get_content()  # type: ignore[union-attr]
    for visitor, turn in promised:
        view = await visitor.view(turn.conversation_id)
        assert (view["messages"][-1]["text"], view["messages"][-1]["turn_id"]) == (ANSWER, turn.turn_id)
    ended = await rows(crowd.machine.database(ORCHESTRATOR), _ANSWERED, [one.turn_id for one in waiting])
    assert ended[0]["turns"] == len(waiting), "those who waited in sight were answered there"


async def test_a_guest_hears_when_to_come_again_or_leaves_an_address_and_has_the_answer_there(
    crowd: Crowd, visit
) -> None:
    await crowd.gathers(visit)
    visitor = visit(guest())
    conversation_id = await visitor.begin()
    answer = await visitor.post(conversation_id, GREETING)
    assert (answer.status_code, answer.json()["code"]) == (503, "overloaded")
    assert int(answer.headers["retry-after"]) >= 1
    assert answer.json()["can_mail"] is True
    told = {"session_id": f"guest-{conversation_id[-12:]}", "message": GREETING}
    address = f"gus{conversation_id[-8:]}@example.org"

    async def promised() -> httpx.Response | None:
        """A process that has more to do than it can promises nothing: then one asks again, as the answer says."""
        left = await visitor.http.post("/chat", json=told | {"mail_to": address}, headers=visitor.headers)
        return None if left.status_code == 503 else left

    left = await eventually(promised, 60)
    assert (left.status_code, left.json()["outcome"]) == (200, "later"), left.text
    assert left.json()["mailed_to"] == "g\u2022\u2022\u2022@example.org"
    crowd.llm.behave()
    await eventually(lambda: crowd.smtp.mails, 90)
    (mail,) = crowd.smtp.mails
    assert mail["To"] == address
    body = mail.get_body(("plain",)).get_content()  # type: ignore[union-attr]
    assert ANSWER in body
    assert "somebody left your address" in body


async def test_an_address_that_nobody_has_brings_a_person_into_the_conversation(crowd: Crowd, visit) -> None:
    await crowd.gathers(visit)
    person = stranger()
    visitor = visit(person, patient=True)
    turn = await crowd.puts_off(visitor)
    assert turn.outcome == "later"
    crowd.smtp.rcpt.append("550 5.1.1 no such user")
    crowd.llm.behave()
    database = crowd.machine.database(ORCHESTRATOR)

    async def fetched() -> bool:
        found = await rows(database, _STAFF, turn.conversation_id)
        return [(one["answering"], one["staff_reason"]) for one in found] == [("staff", "mail_refused")]

    await eventually(fetched, 90)
    assert crowd.smtp.mails == []
