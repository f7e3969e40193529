"""Turns that the running product recorded replay to the same decisions, and the command says so."""

import io
import json
from datetime import UTC, datetime, timedelta
from importlib.resources import files

import pytest
from rich.console import Console

from e2e.approving import confirmed, decide, waiting
from e2e.facts import rows, turn_ended
from e2e.llm import scripted_orchestrator
from e2e.people import stranger
from e2e.replays import odd, replayed
from e2e.shop import Paid, paid_order
from e2e.visitor import Turn
from onebox.fork_options import read_forks
from onebox.keys import ADA, KIM
from onebox.ports import ORCHESTRATOR
from onebox.replay_command import IDENTICAL, UNTRIED, Asked, show_fork, show_replay
from orchestrator.replay.refusing import ForkRefused
from servicekit.crypto import Keyring

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]
TICKET = "Please open a ticket: the zip of my new tent broke after only two nights in the mountains."


async def said_of(machine, **asked) -> tuple[int, str]:
    """The command's exit code, and what it printed."""
    keyring = Keyring.load(machine.stack.keys.master(ORCHESTRATOR))
    console = Console(file=io.StringIO(), highlight=False, soft_wrap=True, width=200)
    code = await show_replay(machine.database(ORCHESTRATOR), keyring, Asked(**asked), console)
    return code, console.file.getvalue()


async def test_every_kind_of_turn_replays_to_what_was_told(machine, visit) -> None:
    shop = await paid_order(machine)
    buyer, kim, other = visit(shop.person), visit(KIM), visit(stranger())
    small = await confirmed(buyer, shop.order, 50)
    large = await confirmed(buyer, shop.order, 200)
    await decide(kim, await waiting(kim, large))
    await buyer.follow(large, to_end=True)
    denied = await confirmed(buyer, shop.order, 300)
    await decide(kim, await waiting(kim, denied), approved=False, notes="Twice a year is enough")
    await buyer.follow(denied, to_end=True)
    asked = await other.say("How long does a delivery take?")
    no = await other.say(TICKET)
    await other.decide(no, False)
    await other.follow(no, to_end=True)
    person = await other.follow(await other.hand_off(await other.begin()))
    turns = (small, large, denied, asked, no, person)
    for turn in turns:
        await turn_ended(machine.database(ORCHESTRATOR), turn.turn_id)
    found = await replayed(machine, {turn.conversation_id for turn in turns})
    assert {one.turn_id for one, _ in found} >= {turn.turn_id for turn in turns}
    assert odd(found) == []
    told = {one.turn_id: one.end for one, _ in found}
    assert [told[turn.turn_id].outcome for turn in turns] == [turn.outcome for turn in turns]

    code, said = await said_of(machine, turn=large.turn_id)
    assert code == IDENTICAL, said
    assert f"{KIM.subject} approved" in said
    assert "ask 1 of staff to approve" in said
    assert f"{large.turn_id}: identical, " in said


async def test_a_turn_that_waits_is_identical_so_far(machine, visit) -> None:
    visitor = visit(stranger())
    turn = await visitor.say(TICKET)
    code, said = await said_of(machine, turn=turn.turn_id)
    assert code == IDENTICAL, said
    assert "identical so far; it waits" in said
    await visitor.decide(turn, False)
    await visitor.follow(turn, to_end=True)


async def test_personal_data_are_tokens_unless_it_is_said_otherwise(machine, visit) -> None:
    turn = await visit(stranger()).say("My address is rosa.secret@example.org, how long does a delivery take?")
    assert "rosa.secret@example.org" not in (await said_of(machine, turn=turn.turn_id))[1]
    assert "rosa.secret@example.org" in (await said_of(machine, turn=turn.turn_id, reveal=True))[1]


async def test_an_unknown_turn_is_said_in_words(machine, capsys) -> None:
    code, said = await said_of(machine, turn="trn_nobody")
    assert (code, said) == (UNTRIED, "")
    assert "There is no turn trn_nobody." in capsys.readouterr().err


async def test_all_that_this_machine_has_recorded_replays(machine, visit) -> None:
    await visit(stranger()).say("Can I return a tent?")
    found = await replayed(machine)
    assert odd(found) == []
    print(f"replayed: {len(found)} turns")
    assert found


async def test_a_day_of_turns_is_replayed_and_counted(machine, visit) -> None:
    turn = await visit(stranger()).say("How long does a delivery take?")
    now = datetime.now(UTC)
    code, said = await said_of(machine, since=now - timedelta(days=1), until=now + timedelta(days=1))
    assert code == IDENTICAL, said
    assert "VERDICT: all " in said
    assert "turns are identical" in said
    print(said)
    code, said = await said_of(machine, conversation=turn.conversation_id, as_json=True)
    told = json.loads(said)
    assert (code, told["turn_id"], told["identical"], told["outcome"]) == (0, turn.turn_id, True, "answered")
    assert [step["state"] for step in told["steps"]][-1] == "end"


async def test_another_refund_policy_shows_who_would_have_been_asked_and_for_how_much(machine, visit, tmp_path) -> None:
    shop = await paid_order(machine)
    buyer, kim = visit(shop.person), visit(KIM)
    began = datetime.now(UTC)
    small, large = await confirmed(buyer, shop.order, 50), await confirmed(buyer, shop.order, 200)
    await decide(kim, await waiting(kim, large))
    await buyer.follow(large, to_end=True)
    declined = await buyer.say(f"Refund order {shop.order} for $30")
    await buyer.decide(declined, False)
    await buyer.follow(declined, to_end=True)
    over = datetime.now(UTC)
    shipped = files("billing").joinpath("policy", "refunds.yaml").read_text("utf-8")
    strict, same = tmp_path / "strict.yaml", tmp_path / "same.yaml"
    strict.write_text(shipped.replace("up_to_minor: 10000,", "up_to_minor: 2000,").replace("50000", "15000"))
    same.write_text(shipped)

    code, said = await forked_of(machine, f"policy={same}", since=began, until=over)
    assert (code, said.splitlines()[0]) == (0, "0 of 3 turns would have gone otherwise.")

    code, said = await forked_of(machine, f"policy={strict}", since=began, until=over)
    assert code == 0
    assert f"{small.turn_id}: answered \u2192 wait approval with 1 of staff to approve, 50.00 USD" in said
    assert f"{large.turn_id}: answered with 1 of staff to approve \u2192 wait approval with 2 of staff" in said
    assert declined.turn_id not in said
    assert "2 of 3 turns would have gone otherwise." in said
    assert "Approvals: 2 turns need more, 0 fewer." in said
    assert "Money that would need staff and did not: 50.00 USD; that did and would not: nothing." in said

    code, said = await forked_of(machine, f"policy={strict}", turn=small.turn_id)
    assert code == 0
    assert "nothing was recorded for it" in said
    assert any(line.startswith("  - ") for line in said.splitlines())


async def test_another_answer_of_a_tool_and_a_tool_less_show_what_would_have_been(machine, visit, tmp_path) -> None:
    began = datetime.now(UTC)
    turn = await visit(ADA).say("Where is my order ABC123?")
    refund = await confirmed(visit((shop := await paid_order(machine)).person), shop.order, 50)
    other = await visit(stranger()).say("How long does a delivery take?")
    for one in (turn, refund, other):
        await turn_ended(machine.database(ORCHESTRATOR), one.turn_id)
    over, before = datetime.now(UTC), await traces(machine, shop, turn, refund, other)
    lost = tmp_path / "lost.json"
    lost.write_text('{"error": {"code": "order_not_found"}}')

    code, said = await forked_of(machine, f"tool=get_order_status:{lost}", turn=turn.turn_id)
    assert code == 0
    assert f"{turn.turn_id}: answered \u2192 refused" in said
    assert "+ the tool failed: order_not_found" in said
    assert "nothing was recorded for it" not in said

    code, said = await forked_of(machine, "tool=issue_refund:off", since=began, until=over)
    assert code == 0
    assert f"{refund.turn_id}: answered \u2192 handed over, 50.00 USD" in said
    assert "1 of 3 turns would have gone otherwise." in said
    assert "Hand-overs: 1 more, 0 fewer." in said
    assert "Money that would be asked for and was not: nothing; that was and would not be: 50.00 USD." in said

    code, said = await forked_of(machine, "brain=offline", since=began, until=over)
    assert (code, said.splitlines()[0]) == (0, "0 of 3 turns would have gone otherwise."), said
    assert await traces(machine, shop, turn, refund, other) == before


async def test_a_model_and_its_prompt_are_tried_on_what_was_recorded_and_nothing_is_carried_out(
    machine, visit, scripted_model, monkeypatch, tmp_path
) -> None:
    scripted_model.reset()
    shop = await paid_order(machine)
    turn = await visit(shop.person).say("What can you do for me? I am rosa.fork@example.org, and I like your tents.")
    await turn_ended(machine.database(ORCHESTRATOR), turn.turn_id)
    prompt = tmp_path / "planner-brief.md"
    prompt.write_text("You are very brief, and call tools. BRIEF-PROMPT-7")

    with pytest.raises(ForkRefused, match="AIGUY_LLM_MODEL"):
        await forked_of(machine, f"prompt={prompt}", turn=turn.turn_id)
    assert scripted_model.prompts == []

    for name, value in scripted_orchestrator(scripted_model).items():
        monkeypatch.setenv(name, value)
    scripted_model.say("What can you do", {"text": "I can look up orders, and give money back."}, advance="calls")
    code, said = await forked_of(machine, f"prompt={prompt}", turn=turn.turn_id, as_json=True)
    told = json.loads(said)
    assert (code, told["changed"], told["unknown"]) == (0, True, "")
    assert told["told_now"]["proposed"][0] == "answer"
    assert told["told_was"]["answer"] != told["told_now"]["answer"]
    assert "BRIEF-PROMPT-7" in scripted_model.prompts[0]
    assert "rosa.fork@example.org" not in "".join(scripted_model.prompts)

    scripted_model.reset()
    sums = {"order_id": shop.order, "amount_minor": 4_000, "currency": "USD", "reason": "asked"}
    scripted_model.say("What can you do", {"calls": [{"name": "issue_refund", "arguments": sums}]}, advance="calls")
    code, said = await forked_of(machine, "brain=openai/scripted-other", turn=turn.turn_id)
    # What nobody has said is refused by the same rules as ever: no order of theirs was named.
    assert code == 0
    assert "the Brain (openai/scripted-other) wants issue_refund" in said
    assert "+ would" not in said

    refund = await confirmed(visit(shop.person), shop.order, 50)
    await turn_ended(machine.database(ORCHESTRATOR), refund.turn_id)
    before = await traces(machine, shop, turn, refund)
    sums = {**sums, "amount_minor": 5_000, "reason": "in other words"}
    scripted_model.say("Refund order", {"calls": [{"name": "issue_refund", "arguments": sums}]}, advance="calls")
    code, said = await forked_of(machine, "brain=openai/scripted-other", turn=refund.turn_id)
    assert code == 0
    assert f"{refund.turn_id}: answered \u2192 unknown, 50.00 USD" in said
    assert "+ a write that ran nowhere: issue_refund" in said
    assert "by its amount at least 0 of staff must approve it (R1); 50.00 USD" in said
    assert await traces(machine, shop, turn, refund) == before


async def traces(machine, shop: Paid, *turns: Turn) -> tuple[int, ...]:
    """What was left behind for these turns, their conversations, their requests and the order of the shop.

    Of nobody else's, who may still be at work on the stack that the tests share.
    """
    talks = [turn.conversation_id for turn in turns]
    left = await rows(
        machine.database(ORCHESTRATOR),
        "SELECT (SELECT count(*) FROM journal WHERE conversation_id = ANY ($1)) AS entries,"
        " (SELECT count(*) FROM turns WHERE conversation_id = ANY ($1)) AS turns,"
        " (SELECT count(*) FROM audit WHERE request_id IN"
        "   (SELECT request_id FROM turns WHERE conversation_id = ANY ($1))) AS audited",
        talks,
    )
    asked = "SELECT count(*) AS refunds FROM refunds WHERE order_id = $1 OR conversation_id = ANY ($2)"
    paid = await rows(machine.database("billing"), asked, shop.order, talks)
    assert left[0]["entries"] > 0
    return (*left[0].values(), *paid[0].values())


async def forked_of(machine, fork: str, **asked) -> tuple[int, str]:
    """The exit code of a fork, and what it printed."""
    keyring = Keyring.load(machine.stack.keys.master(ORCHESTRATOR))
    console = Console(file=io.StringIO(), highlight=False, soft_wrap=True, width=200)
    urls, forks = machine.database, read_forks([fork])
    code = await show_fork(urls(ORCHESTRATOR), urls("billing"), keyring, Asked(**asked), forks, console)
    return code, console.file.getvalue()
