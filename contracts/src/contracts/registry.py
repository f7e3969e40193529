"""Every tool contract there is. Add yours to its family's `CONTRACTS`; it is found here by itself."""

from typing import Any

from contracts.tool import Family, ToolContract
from contracts.tools import billing, orders, retrieval, tickets

AnyContract = ToolContract[Any, Any]

CONTRACTS: tuple[AnyContract, ...] = (
    *orders.CONTRACTS, *billing.CONTRACTS, *tickets.CONTRACTS, *retrieval.CONTRACTS,
)  # fmt: skip


def contracts_of(family: Family) -> tuple[AnyContract, ...]:
    """The contracts that one service implements."""
    return tuple(contract for contract in CONTRACTS if contract.family is family)


def find_contract(name: str) -> AnyContract | None:
    """The contract called `name`, by its name or one of its aliases; None when there is none."""
    for contract in CONTRACTS:
        if name == contract.name or name in contract.aliases:
            return contract
    return None
