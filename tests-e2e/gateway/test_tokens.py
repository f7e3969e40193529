"""No token that was changed, forged or signed by a stranger opens anything through the door."""

import os
import random
from collections.abc import Iterator

import pytest

from e2e.machine import Machine
from e2e.people import ADA
from e2e.visitor import Visitor
from onebox.ports import ORCHESTRATOR
from servicekit.auth.claims import Role
from servicekit.auth.keys import KeySet
from servicekit.auth.minting import TokenMinter
from servicekit.clock import SystemClock
from servicekit.keyfiles import DEMO_ISSUER

from .conftest import OpenDoor
from .door import Door

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]
MANY = int(os.environ.get("AIGUY_TEST_TOKENS", "300"))
_LETTERS = "ABCXYZabcxyz019-_.="


def changed(token: str, many: int, dice: random.Random) -> Iterator[str]:
    """`many` tokens that are nearly this one. The last letter stays: it has bits that carry nothing."""
    while many:
        position, letter = dice.randrange(len(token) - 1), dice.choice(_LETTERS)
        made = dice.choice([
            token[:position] + letter + token[position + 1 :], token[:position] + token[position + 1 :],
            token[:position] + letter + token[position:], token[:position], ".".join(reversed(token.split("."))),
        ])  # fmt: skip
        if made != token:
            many -= 1
            yield made


def of_strangers(issuer: str, many: int) -> Iterator[str]:
    """Tokens that say all the right things, each signed by a key of a name that nobody knows."""
    for _ in range(many):
        minter = TokenMinter(KeySet.generate(), issuer, SystemClock())
        yield minter.mint(
            audience=ORCHESTRATOR, subject=ADA.subject, role=Role.CUSTOMER, scopes=["chat:send"], ttl_s=300
        )


async def statuses(door: Door, conversation_id: str, tokens: Iterator[str]) -> set[int]:
    """The answers to whoever wants to read the conversation with these."""
    async with door.client() as client:
        path = f"/api/agent/conversations/{conversation_id}"
        return {(await client.get(path, headers={"authorization": f"Bearer {token}"})).status_code for token in tokens}


async def test_no_changed_token_and_no_flood_of_strangers_is_let_in(machine: Machine, another_door: OpenDoor) -> None:
    async with another_door(machine.stack.addresses.ports[ORCHESTRATOR]) as door:
        sign = machine.visitor(ADA).token
        token = sign()
        async with Visitor(door.url, sign) as ada:
            conversation_id = (await ada.say("Where is my order ABC123?")).conversation_id
        assert await statuses(door, conversation_id, iter([token])) == {200}
        assert await statuses(door, conversation_id, changed(token, MANY, random.Random(7))) <= {401, 403}
        assert await statuses(door, conversation_id, of_strangers(DEMO_ISSUER, MANY // 10)) == {401}
        assert await statuses(door, conversation_id, iter([token])) == {200}, "the keys of the known are still known"
