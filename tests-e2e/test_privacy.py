"""What customers tell about themselves: in no file of the machine, whole in their own view, and gone when they wish."""

import asyncio
import io
import json
import random
import secrets
from pathlib import Path

import pytest
from rich.console import Console

from e2e.facts import connected
from e2e.machine import Machine
from e2e.people import ADA, guest, stranger
from e2e.planted import everything_is_said, planted, told, unmistakable
from onebox.audit import show_chains
from onebox.keys import KIM
from onebox.privacy_command import erase_customer, export_customer
from onebox.stack import SERVICES
from servicekit.testing import eventually

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]
_READ = 8 * 1024 * 1024


def files_with(root: Path, values: list[str]) -> dict[str, list[str]]:
    """Which files below `root` hold which of the values, in any of the usual encodings of text."""
    wanted = [(value, value.encode()) for value in values]
    longest = max(len(raw) for _, raw in wanted)
    found: dict[str, list[str]] = {}
    for file in (one for one in root.rglob("*") if one.is_file() and not one.is_symlink()):
        with file.open("rb") as opened:
            tail = b""
            while piece := opened.read(_READ):
                piece = tail + piece
                for value, raw in wanted:
                    if raw in piece and value not in found.setdefault(str(file.relative_to(root)), []):
                        found[str(file.relative_to(root))].append(value)
                tail = piece[-longest:]
    return {name: held for name, held in found.items() if held}


async def test_no_file_of_the_machine_holds_what_customers_told(machine: Machine, visit) -> None:
    """Database files, their logs of changes, Valkey's file, our logs and traces: all of it is sealed or tokens."""
    dice = random.Random(secrets.randbits(64))
    people = [(planted(dice), person) for person in (stranger(), ADA, guest())]
    for values, person in people:
        await everything_is_said(visit, values, person)
    # What is asked for in vain only shows something when what was written can be found at all.
    token = f"sweep-{secrets.token_hex(8)}"
    async with connected(machine.database("orchestrator")) as db:
        await db.execute(f"CREATE TABLE swept AS SELECT '{token}' AS word")
        root = machine.stack.home.root
        assert await asyncio.to_thread(files_with, root, [token]), "the sweep finds nothing"
        await db.execute("DROP TABLE swept")
    values = [one for values, _ in people for one in unmistakable(values)]
    assert await asyncio.to_thread(files_with, root, values) == {}


async def test_who_is_erased_is_gone_everywhere_and_every_chain_still_verifies(machine: Machine, visit) -> None:
    dice = random.Random(secrets.randbits(64))
    person, values = stranger(), planted(dice)
    conversation_id = await everything_is_said(visit, values, person)
    url, kim = machine.stack.url(), visit(KIM)

    async def exported() -> dict[str, object]:
        shown = io.StringIO()
        asked = (url, kim.token(), person.subject, Console(file=shown, width=10_000))
        assert await asyncio.to_thread(export_customer, *asked) == 0
        found: dict[str, object] = json.loads(shown.getvalue())
        return found

    before = await exported()
    assert told(values) in json.dumps(before, ensure_ascii=False)
    assert {"tickets"} <= {one["service"] for one in before["records"]}
    shown = io.StringIO()
    asked = (url, kim.token(), person.subject, Console(file=shown, width=10_000))
    assert await asyncio.to_thread(erase_customer, *asked) == 0
    assert "their keys are destroyed" in shown.getvalue()

    async def nothing_left() -> bool:
        after = await exported()
        # Of a ticket its number, kind and times stay, without anybody's words.
        words = {"subject", "body", "summary", "transcript", "recipient", "resolution"}
        assert after["conversations"] == []
        assert not [one for one in after["records"] if words & one["fields"].keys()]
        return True

    await eventually(nothing_left)
    gone = await visit(person).call("GET", f"/api/agent/conversations/{conversation_id}")
    assert gone.status_code == 404
    urls = {name: machine.database(name) for name in SERVICES}
    chains = io.StringIO()
    assert await asyncio.to_thread(show_chains, urls, None, Console(file=chains)) == 0, chains.getvalue()
