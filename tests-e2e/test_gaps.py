"""Knowledge gaps: asked in vain by two customers, listed once, and drafted from what support answered before."""

import asyncio
import io
import json
from datetime import UTC, datetime

import httpx
import pytest
from rich.console import Console

from e2e.facts import rows, turn_ended
from e2e.machine import Machine
from e2e.people import ADA, BEN
from onebox.gaps_command import GapQuery, show_gaps
from onebox.keys import KIM
from onebox.ports import ORCHESTRATOR
from servicekit.auth.claims import Role
from servicekit.auth.keys import KeySet
from servicekit.auth.minting import TokenMinter
from servicekit.clock import SystemClock

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]
GAPS = "/api/agent/knowledge/gaps"
QUESTION = "Do you sharpen axes?"


async def test_two_customers_with_one_question_make_one_gap_with_a_draft(machine: Machine, visit) -> None:
    """The demo shop has resolved tickets about it, and no help page."""
    first = await visit(ADA).say(QUESTION)
    second = await visit(BEN).say("My mail is ben@example.com. Do you sharpen axes?")
    assert {first.outcome, second.outcome} == {"refused"}
    kim = visit(KIM)
    found = (await kim.call("GET", f"{GAPS}?limit=100")).json()
    (gap,) = [one for one in found["gaps"] if one["gap_id"] == first.turn_id]
    assert (gap["count"], gap["customers"], gap["question"]) == (2, 2, QUESTION)
    assert gap["variants"] == [QUESTION, "My mail is <email>. Do you sharpen axes?"]
    assert set(gap["tickets"]) >= {"HP-10013", "HP-10014"}
    outline = gap["outline"]
    assert "reviewed: false" in outline
    assert "- Yes, we sharpen axes and knives in our store in the Mill Lane workshop. (HP-10014, HP-10013)" in outline
    assert "the numbers disagree" in outline
    for secret in ("ben@example.com", "Ada", "Ben", "Kim", "support@shop.example", "555 010"):
        assert secret not in json.dumps(gap)
    shown, asked = io.StringIO(), GapQuery(outline=first.turn_id)
    printed = await asyncio.to_thread(
        show_gaps, machine.stack.url(), kim.token(), asked, datetime.now(UTC), Console(file=shown)
    )
    assert (printed, shown.getvalue()) == (0, outline)
    stored = await rows(machine.database("orchestrator"), "SELECT question FROM knowledge_gaps")
    assert not any(b"sharpen" in bytes(row["question"]) for row in stored)


async def test_customers_see_no_gaps_and_dismissed_ones_are_gone(visit) -> None:
    ada, kim = visit(ADA), visit(KIM)
    # Of a thing that no other test asks about: alike questions are one gap.
    turn = await ada.say("Do you engrave names on saxophones?")
    assert (await ada.call("GET", GAPS)).status_code == 403
    listed = [one["gap_id"] for one in (await kim.call("GET", f"{GAPS}?limit=100")).json()["gaps"]]
    assert turn.turn_id in listed
    assert (await kim.call("POST", f"{GAPS}/{turn.turn_id}/dismiss", {"note": "never"})).status_code == 200
    listed = [one["gap_id"] for one in (await kim.call("GET", f"{GAPS}?limit=100")).json()["gaps"]]
    assert turn.turn_id not in listed


async def test_a_gap_closes_by_itself_when_an_article_answers_it(machine: Machine, visit) -> None:
    question = "Do you repair broken umbrellas?"
    turn, kim = await visit(ADA).say(question), visit(KIM)
    assert turn.outcome == "refused"
    assert question in [one["question"] for one in (await kim.call("GET", f"{GAPS}?limit=100")).json()["gaps"]]
    await publish(
        machine, "Umbrella repairs", "# Umbrella repairs\n\nYes, we repair broken umbrellas for 5.00 USD each."
    )
    assert question not in [one["question"] for one in (await kim.call("GET", f"{GAPS}?limit=100")).json()["gaps"]]
    url = machine.database("orchestrator")
    (row,) = await rows(url, "SELECT answered_at FROM knowledge_gaps WHERE turn_id = $1", turn.turn_id)
    assert row["answered_at"] is not None


async def publish(machine: Machine, title: str, body: str) -> None:
    """Put a reviewed article into the knowledge base, as a colleague's tool does."""
    minter = TokenMinter(KeySet.load(machine.stack.keys.signing), ORCHESTRATOR, SystemClock())
    token = minter.mint(audience="retrieval", subject="staff_kim", role=Role.STAFF, scopes=("kb.ingest",))
    document = {
        "url": f"https://shop.example/help/{title.lower().replace(' ', '-')}", "title": title, "body": body,
        "reviewed": True, "updated_at": datetime.now(UTC).isoformat(),
    }  # fmt: skip
    async with httpx.AsyncClient(base_url=machine.stack.url("retrieval"), timeout=30) as client:
        answer = await client.post(
            "/internal/ingest-knowledge", json={"documents": [document], "source": "e2e"},
            headers={"authorization": f"Bearer {token}"},
        )  # fmt: skip
    assert answer.status_code == 200, answer.text


async def test_a_process_that_is_killed_loses_no_gap_and_doubles_none(machine: Machine, visit) -> None:
    ada = visit(ADA, patient=True)
    conversations = [await ada.begin() for _ in range(6)]
    turns = [
        await ada.send(one, f"Do you sell tickets to the {place} fair?") for place, one in enumerate(conversations)
    ]
    await machine.kill(ORCHESTRATOR)
    await machine.ready(ORCHESTRATOR)
    url = machine.database("orchestrator")
    ended = [await turn_ended(url, turn.turn_id) for turn in turns]
    in_vain = sorted(turn.turn_id for turn, row in zip(turns, ended, strict=True) if row["outcome"] == "refused")
    assert in_vain, ended
    kept = await rows(url, "SELECT turn_id FROM knowledge_gaps WHERE conversation_id = ANY ($1)", conversations)
    assert sorted(row["turn_id"] for row in kept) == in_vain
