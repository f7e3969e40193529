"""The base of every model that crosses a process boundary."""

from typing import Any

from pydantic import BaseModel, ConfigDict


class ContractModel(BaseModel):
    """A strict, immutable value: unknown fields are refused, strings are taken as they are.

    Unknown fields are an error, never ignored: a caller that misspells an optional argument must
    learn it, and a model that invents one must not have it dropped in silence.
    Nothing is trimmed: what the published schema measures is what is accepted.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True)


def exactly_one(*names: str) -> dict[str, Any]:
    """The JSON Schema rule "exactly one of these string fields is given", for a model's `json_schema_extra`."""
    return {"oneOf": [{"properties": {name: {"type": "string"}}, "required": [name]} for name in names]}


class OpenModel(BaseModel):
    """A value that we *read* from a peer which may be newer than we are: unknown fields are kept out, not refused."""

    model_config = ConfigDict(extra="ignore", frozen=True)
