"""What must hold after every fault: no accepted turn is lost, no effect happened twice, every book agrees."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import yaml

from chaos.customers import Customer
from e2e.audit import Books
from e2e.machine import Machine
from e2e.refund_books import wrong_in_books
from e2e.soak import Soak
from onebox.ports import ORCHESTRATOR

SETTLED_S = 60.0


def outcomes(table: str) -> Mapping[str, Mapping[str, Sequence[str]]]:
    """What may be shown, by fault and errand."""
    read: dict[str, dict[str, dict[str, list[str]]]] = yaml.safe_load(
        Path(__file__).with_name("outcomes.yaml").read_text("utf-8")
    )
    return read[table]


async def trouble(machine: Machine, customers: Sequence[Customer]) -> list[str]:
    """Everything that does not add up, in words; empty when all does."""
    found = await books_trouble(machine, Soak(0, 0, 0, held=[customer.held for customer in customers]))
    paid = {customer.paid.order: customer for customer in customers if customer.paid}
    for order, customer in paid.items():
        assert customer.paid is not None
        given = await customer.paid.given()
        if given != [500]:
            found.append(f"{order}: {given} was given back, and its customer was told: {customer.turn}")
    return found + await wrong_in_books(machine.database("billing"), paid)


async def books_trouble(machine: Machine, soak: Soak) -> list[str]:
    """The same for turns alone, once no turn is under way and no job is left."""
    books = Books(machine.database(ORCHESTRATOR), machine.database("tickets"), soak)
    await books.settled(SETTLED_S)
    return await books.trouble()
