"""Arguments on their way out: what is accepted, what is offered, and the old shape of a call turned into the new one.

An argument that was renamed leaves the model at once: handlers and typed clients know the new name only. The published
schema has both names until the old one is removed, and every call is brought into the new shape before it is read.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from contracts.base import ContractModel
from contracts.schema import Schema, input_schema
from contracts.tool import Deprecation, ToolContract


class GivenTwice(ValueError):
    """A call that gives an argument under its old and its new name."""

    def __init__(self, deprecation: Deprecation) -> None:
        super().__init__(f"{deprecation.argument!r} is the old name of {deprecation.replaced_by!r}: give one of them.")
        self.deprecation = deprecation


class ArgumentsRemoved(ValueError):
    """A call with arguments that are gone."""

    def __init__(self, deprecations: Sequence[Deprecation]) -> None:
        super().__init__(" ".join(removal(one) for one in deprecations))
        self.deprecations = tuple(deprecations)


def removal(gone: Deprecation) -> str:
    """What a caller is told who still sends it."""
    instead = f"; use {gone.replaced_by!r} instead" if gone.replaced_by else ""
    return f"The argument {gone.argument!r} was removed{instead}."


def accepted_schema(contract: ToolContract[Any, Any]) -> Schema:
    """What a caller may send: the model's schema, and old names beside the new ones, marked `deprecated`.

    Raises ValueError for an old name of an argument that stands in a rule between fields.
    """
    schema = input_schema(contract.input)
    properties: dict[str, Any] = schema.setdefault("properties", {})
    for one in contract.deprecations:
        if one.removed:
            continue
        if one.replaced_by is not None:
            if any(one.replaced_by in branch.get("required", ()) for branch in schema.get("oneOf", ())):
                raise ValueError(f"{one.replaced_by} stands in a rule between fields: it cannot simply be renamed")
            properties[one.argument] = _old_name(one, properties[one.replaced_by])
            _one_of_both(schema, one.argument, one.replaced_by)
        properties[one.argument] = {**properties[one.argument], "deprecated": True}
    return schema


def offered_schema(schema: Mapping[str, Any]) -> Schema:
    """The same arguments for somebody who is new to the tool, such as a model: nothing that is deprecated."""
    properties = schema.get("properties", {})
    old = {name for name, one in properties.items() if isinstance(one, Mapping) and one.get("deprecated")}
    if not old:
        return dict(schema)
    required, rules = [name for name in schema.get("required", ()) if name not in old], []
    for rule in schema.get("allOf", ()):
        names, must = _names_of(rule)
        if old.isdisjoint(names):
            rules.append(rule)
        elif must:
            required += [name for name in names if name not in old]
    offered = {key: value for key, value in schema.items() if key != "allOf"}
    offered |= {"properties": {name: one for name, one in properties.items() if name not in old}, "required": required}
    return {**offered, "allOf": rules} if rules else offered


def in_new_shape(
    deprecations: Sequence[Deprecation], sent: Mapping[str, Any]
) -> tuple[Mapping[str, Any], tuple[Deprecation, ...]]:
    """A call's arguments under their new names, and which deprecated ones it gave.

    Raises ArgumentsRemoved, or GivenTwice.
    """
    used = tuple(one for one in deprecations if one.argument in sent)
    if not used:
        return sent, ()
    if gone := [one for one in used if one.removed]:
        raise ArgumentsRemoved(gone)
    arguments = dict(sent)
    for one in used:
        if one.replaced_by is None:
            continue
        value = arguments.pop(one.argument)
        if one.replaced_by in arguments:
            raise GivenTwice(one)
        arguments[one.replaced_by] = value
    return arguments, used


def effect_arguments(contract: ToolContract[Any, Any], arguments: ContractModel) -> dict[str, Any]:
    """The arguments of a call as each release of the tool reads them, to be hashed: JSON values.

    What has its default is left out, and what was renamed has its first name. So an argument that is new, or has a new
    name, leaves every digest that the release before has given: its preview may wait for a person while services are
    exchanged.
    """
    return in_first_names(contract.deprecations, arguments.model_dump(mode="json", exclude_defaults=True))


def in_first_names(deprecations: Sequence[Deprecation], said: Mapping[str, Any]) -> dict[str, Any]:
    """Arguments under the names that they had first: the same ones, whichever release they were meant for."""
    found = dict(said)
    for one in sorted(deprecations, key=lambda old: old.since):
        if one.replaced_by in found:
            found[one.argument] = found.pop(one.replaced_by)
    return found


def _old_name(one: Deprecation, new: Mapping[str, Any]) -> Schema:
    kept = {key: value for key, value in new.items() if key not in {"default", "description"}}
    return {**kept, "description": f"Deprecated since {one.since}: use {one.replaced_by}."}


def _one_of_both(schema: Schema, old: str, new: str) -> None:
    """An argument is given under one of its names at most; a required one under exactly one."""
    if new in schema.get("required", ()):
        schema["required"] = [name for name in schema["required"] if name != new]
        rule: dict[str, Any] = {"oneOf": [{"required": [new]}, {"required": [old]}]}
    else:
        rule = {"not": {"required": [new, old]}}
    schema["allOf"] = [*schema.get("allOf", ()), rule]


def _names_of(rule: Any) -> tuple[list[str], bool]:
    """The names in a rule that `_one_of_both` made, and whether one of them must be given; none in any other."""
    match rule:
        case {"oneOf": [{"required": [str(new)]}, {"required": [str(old)]}]}:
            return [new, old], True
        case {"not": {"required": [str(new), str(old)]}}:
            return [new, old], False
    return [], False
