"""Names that only programs use: tools, their other names, and the fields of what goes in and comes out."""

from collections.abc import Iterator
from typing import Any

from contracts.registry import CONTRACTS


def own_names() -> frozenset[str]:
    """Every name of a contract that has an underscore, in lower case; no customer needs to read one."""
    return frozenset(
        name
        for contract in CONTRACTS
        for name in (
            contract.name, *contract.aliases, *_fields(contract.input.model_json_schema()),
            *_fields(contract.output.model_json_schema()),
        )
        if "_" in name
    )  # fmt: skip


def _fields(schema: Any) -> Iterator[str]:
    match schema:
        case dict():
            yield from schema.get("properties", {})
            for item in schema.values():
                yield from _fields(item)
        case list():
            for item in schema:
                yield from _fields(item)
        case _:
            return
