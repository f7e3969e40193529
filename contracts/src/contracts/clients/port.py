"""The port of the typed client: one generic call. Whoever can send it (HTTP, a fake) implements `ToolCaller`."""

from typing import Protocol

from contracts.base import ContractModel
from contracts.tool import InT, OutT, ToolContract


class ToolCaller(Protocol):
    """Sends one call and brings back its answer."""

    async def call(self, contract: ToolContract[InT, OutT], args: InT) -> OutT:
        """The tool's answer to `args`; implementations say how they report errors, and make the idempotency key."""
        ...


def read_output(contract: ToolContract[InT, OutT], body: bytes) -> OutT:
    """The answer as its model. Fields that a newer service added are dropped; raises `ValidationError` on garbage."""
    return contract.output.model_validate_json(body, extra="ignore")


def write_input(args: ContractModel) -> bytes:
    """The body of a call: only what was set, so an older service is not sent fields that it does not know."""
    return args.model_dump_json(exclude_unset=True).encode()
