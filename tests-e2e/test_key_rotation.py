"""The master keys change while customers talk: no turn fails for it, and without its key a conversation is shut."""

import asyncio
import io
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from rich.console import Console

from e2e.chatter import chattering
from e2e.facts import rows
from e2e.machine import Machine
from e2e.people import stranger
from onebox.agent import new_turn_id
from onebox.keys import KIM
from onebox.keys_command import DONE, retire_key, rewrap_keys, rotate_keys
from onebox.ports import ORCHESTRATOR
from servicekit.crypto import Keyring
from servicekit.embedded.files import write_private
from servicekit.keyfiles import SEALING
from servicekit.testing import eventually

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]
_KEYS = "SELECT DISTINCT key_id FROM conversations WHERE data_key IS NOT NULL"


@contextmanager
def without_the_current_key(path: Path) -> Iterator[None]:
    """The key file as after a loss: another key is active and the one before it is not there, until the block ends."""
    ring = Keyring.load(path)
    after = ring.rotated(f"k-{secrets.token_hex(4)}")
    write_private(path, after.retired(ring.active).to_json())
    try:
        yield
    finally:
        write_private(path, after.to_json())


async def _keys_in_use(machine: Machine) -> set[str]:
    return {row["key_id"] for row in await rows(machine.database(ORCHESTRATOR), _KEYS)}


async def test_keys_are_rotated_while_customers_talk_and_the_old_one_is_missed_by_nobody(
    machine: Machine, visit
) -> None:
    files, urls, said = machine.stack.keys, {name: machine.database(name) for name in SEALING}, io.StringIO()
    path, console = files.master(ORCHESTRATOR), Console(file=said, width=200)
    old = Keyring.load(path).active

    async def new_key_is_used() -> bool:
        return bool(await _keys_in_use(machine) - {old})

    async with chattering(visit) as chatter:
        await chatter.goes_on()
        assert await asyncio.to_thread(rotate_keys, files, None, console) == DONE, said.getvalue()
        # A service may take a second to see it, and what it wraps meanwhile is under the old one.
        await eventually(new_key_is_used, 20)
        await chatter.goes_on()
        assert await asyncio.to_thread(rewrap_keys, urls, files, console) == DONE, said.getvalue()
        await chatter.goes_on()
        assert await asyncio.to_thread(retire_key, urls, files, old, console) == DONE, said.getvalue()
        await chatter.goes_on()
    ring = Keyring.load(path)
    assert old not in ring.names
    assert await _keys_in_use(machine) == {ring.active}
    for visitor, conversation_id, text in chatter.answered:
        shown = [message["text"] for message in (await visitor.view(conversation_id))["messages"]]
        assert text in shown


async def test_a_conversation_whose_key_is_lost_is_shut_until_it_is_back(machine: Machine, visit) -> None:
    person, kim, words = stranger(), visit(KIM), f"heirloom-{secrets.token_hex(6)}"
    visitor = visit(person)
    turn = await visitor.say(f"My {words} is broken, I want to talk to a person")
    assert turn.outcome == "handed_over"
    conversation_id, customer = turn.conversation_id, {"customer": person.subject}
    message = {"conversation_id": conversation_id, "text": "Hello", "client_message_id": "one"}
    said = {"conversation_id": conversation_id, "text": "Hello?", "client_turn_id": new_turn_id()}
    asked = [
        (visitor, "GET", f"/api/agent/conversations/{conversation_id}", None),
        (visitor, "GET", turn.url, None),
        (visitor, "POST", "/api/agent/messages", said),
        (kim, "GET", "/api/agent/handoffs", None),
        (kim, "GET", f"/api/agent/staff/conversations/{conversation_id}", None),
        (kim, "POST", "/api/agent/staff/messages", message),
        (kim, "POST", "/api/agent/privacy/export", customer),
    ]  # fmt: skip

    async def shut() -> bool:
        answer = await visitor.call("GET", f"/api/agent/conversations/{conversation_id}")
        return answer.status_code == httpx.codes.SERVICE_UNAVAILABLE

    with without_the_current_key(machine.stack.keys.master(ORCHESTRATOR)):
        await eventually(shut)
        answers = [await who.call(method, path, body) for who, method, path, body in asked]
        assert [(one.status_code, one.json()["code"]) for one in answers] == [(503, "key_unavailable")] * len(asked)
        assert not [one.text for one in answers if words in one.text or turn.text in one.text]
        assert (await visit(stranger()).say("How do I return an item?")).outcome == "answered"
    shown = [message["text"] for message in (await visitor.view(conversation_id))["messages"]]
    assert any(words in text for text in shown)
    assert "Hello?" not in shown
