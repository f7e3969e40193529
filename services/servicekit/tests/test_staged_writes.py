"""Writes in two stages: the intent is durable before the effect outside begins, and repeats carry on where it ended."""

import asyncio
from dataclasses import dataclass, field

import pytest

from contracts.errors import ProblemCode
from contracts.tools.orders import ADD_ORDER_NOTE, GET_ORDER_STATUS, AddOrderNoteInput, AddOrderNoteOutput
from servicekit.errors import ProblemError
from servicekit.testing.sample.tools import Sample
from servicekit.tool_router import PreviewDraft, ToolBinding, ToolRequest
from servicekit.tool_router.binding import Submission

pytestmark = pytest.mark.service
NOTE, SCOPE = "/tools/add_order_note", "orders.note_own"
BODY = {"order_id": "ABC123", "note": "Please ring twice"}
_NEW = "INSERT INTO effects (owner, note) SELECT $1, $2 WHERE NOT EXISTS (SELECT FROM effects WHERE note = $2)"


@dataclass
class Staged:
    """A write whose effect is elsewhere: `done` is what happened there, `steps` what ran here, in order."""

    steps: list[str] = field(default_factory=list)
    done: set[str] = field(default_factory=set)
    refuse: ProblemError | None = None
    break_at: str = ""
    hold: asyncio.Event | None = None

    def bindings(self) -> list[ToolBinding]:
        """The write alone."""
        return [ToolBinding(ADD_ORDER_NOTE, self.answer, self.preview, begin=self.begin, submit=self.submit)]

    async def preview(self, request: ToolRequest, note: AddOrderNoteInput) -> PreviewDraft:
        """Always the same."""
        return PreviewDraft("Add a note", after={"note": note.note})

    async def begin(self, request: ToolRequest, note: AddOrderNoteInput) -> None:
        """Writes the intent, once per key."""
        self._step("begin")
        assert request.grant is not None
        await request.db.execute(_NEW, request.caller.subject, request.idempotency_key)
        if self.refuse is not None:
            raise self.refuse

    async def submit(self, submission: Submission, note: AddOrderNoteInput) -> None:
        """The effect elsewhere; the intent must be seen from there."""
        self._step("submit")
        async with submission.kit.db.primary() as connection:
            seen = await connection.fetchval("SELECT note FROM effects WHERE note = $1", submission.idempotency_key)
        assert seen == submission.idempotency_key
        if self.hold is not None:
            await self.hold.wait()
        self.done.add(submission.idempotency_key)
        self._step("done")

    async def answer(self, request: ToolRequest, note: AddOrderNoteInput) -> AddOrderNoteOutput:
        """Says what was done."""
        self._step("answer")
        assert request.idempotency_key in self.done
        return AddOrderNoteOutput(note_id="1", order_id=note.order_id, created_at=request.clock.now())

    def _step(self, name: str) -> None:
        self.steps.append(name)
        if self.break_at == name:
            self.break_at = ""
            raise RuntimeError(f"the process broke at {name}")


async def headers_of(service, key, **more):
    bearer = service.issuer.bearer("orders", SCOPE)
    shown = await service.client.post(f"{NOTE}/preview", json=BODY, headers=bearer)
    grant = service.issuer.grant("orders", "add_order_note", shown.json()["digest"])
    return {**bearer, "idempotency-key": key, "x-aiguy-grant": grant, **more}


async def test_the_intent_is_there_before_the_effect_and_the_answer_comes_last(serve):
    staged = Staged()
    async with serve(staged.bindings()) as service:
        answer = await service.client.post(NOTE, json=BODY, headers=await headers_of(service, "k1"))
        effects = await service.effects()
    assert (answer.status_code, effects) == (200, 1)
    assert staged.steps == ["begin", "submit", "done", "answer"]


async def test_a_repeated_call_gets_the_stored_answer_and_runs_nothing(serve):
    staged = Staged()
    async with serve(staged.bindings()) as service:
        headers = await headers_of(service, "k1")
        first = await service.client.post(NOTE, json=BODY, headers=headers)
        ran = list(staged.steps)
        again = await service.client.post(NOTE, json=BODY, headers=headers)
    assert again.content == first.content
    assert again.headers["idempotent-replayed"] == "true"
    assert staged.steps == ran


@pytest.mark.parametrize(
    ("broken", "kept"), [("begin", 0), ("submit", 1), ("done", 1), ("answer", 1)], ids=lambda value: str(value)
)
async def test_a_call_that_broke_anywhere_is_carried_on_by_the_next_one(serve, broken, kept):
    staged = Staged(break_at=broken)
    async with serve(staged.bindings()) as service:
        headers = await headers_of(service, "k1")
        first = await service.client.post(NOTE, json=BODY, headers=headers)
        left = await service.effects()
        again = await service.client.post(NOTE, json=BODY, headers=headers)
        effects = await service.effects()
    assert (first.status_code, left) == (500, kept)
    assert (again.status_code, effects, staged.done) == (200, 1, {"k1"})
    assert "idempotent-replayed" not in again.headers


async def test_what_begin_refuses_for_good_is_stored_and_never_submitted(serve):
    staged = Staged(refuse=ProblemError(ProblemCode.NOT_REFUNDABLE, "No."))
    async with serve(staged.bindings()) as service:
        headers = await headers_of(service, "k1")
        first = await service.client.post(NOTE, json=BODY, headers=headers)
        staged.refuse = None
        again = await service.client.post(NOTE, json=BODY, headers=headers)
        effects = await service.effects()
    assert (first.status_code, first.json()["code"], effects) == (422, "not_refundable", 0)
    assert again.content == first.content
    assert staged.steps == ["begin"]


async def test_what_begin_refuses_for_now_may_be_tried_again(serve):
    staged = Staged(refuse=ProblemError(ProblemCode.OVERLOADED, "Later."))
    async with serve(staged.bindings()) as service:
        headers = await headers_of(service, "k1")
        first = await service.client.post(NOTE, json=BODY, headers=headers)
        staged.refuse = None
        again = await service.client.post(NOTE, json=BODY, headers=headers)
    assert (first.status_code, again.status_code) == (503, 200)


async def test_without_a_grant_nothing_is_begun(serve):
    staged = Staged()
    async with serve(staged.bindings()) as service:
        bare = {**service.issuer.bearer("orders", SCOPE), "idempotency-key": "k1"}
        answer = await service.client.post(NOTE, json=BODY, headers=bare)
        effects = await service.effects()
    assert (answer.status_code, answer.json()["code"], effects) == (403, "confirmation_required", 0)
    assert staged.steps == []


async def test_a_call_out_of_time_leaves_its_intent_for_the_next_one(serve):
    staged = Staged(hold=asyncio.Event())
    async with serve(staged.bindings()) as service:
        late = await headers_of(service, "k1", **{"x-aiguy-deadline-ms": "300"})
        answer = await service.client.post(NOTE, json=BODY, headers=late)
        effects = await service.effects()
        staged.hold.set()
        again = await service.client.post(NOTE, json=BODY, headers=await headers_of(service, "k1"))
    assert (answer.status_code, effects) == (504, 1)
    assert (again.status_code, staged.done) == (200, {"k1"})


async def test_while_one_is_under_way_no_connection_is_held_and_the_next_one_may_help(serve):
    staged = Staged(hold=asyncio.Event())
    async with serve(staged.bindings(), database_pool_size=1) as service:
        headers = await headers_of(service, "k1")
        calls = [asyncio.create_task(service.client.post(NOTE, json=BODY, headers=headers)) for _ in range(3)]
        while staged.steps.count("submit") < 3:
            await asyncio.wait(calls, timeout=0.01)
        assert (await service.client.get("/readyz")).status_code == 200
        staged.hold.set()
        answers = await asyncio.gather(*calls)
        effects = await service.effects()
    assert {answer.status_code for answer in answers} <= {200, 409}
    assert len({answer.content for answer in answers if answer.status_code == 200}) == 1
    assert effects == 1


@pytest.mark.parametrize("half", ["begin", "submit"])
def test_one_stage_alone_is_no_staged_write(half):
    with pytest.raises(ValueError, match="both"):
        ToolBinding(ADD_ORDER_NOTE, Staged().answer, Staged().preview, **{half: getattr(Staged(), half)})


def test_a_read_has_no_stages_and_needs_none():
    assert ToolBinding(GET_ORDER_STATUS, Sample().get_order_status).begin is None
