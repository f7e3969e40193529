"""What a step decided, in one short mark: the journal keeps it with the answer, so that a replay can prove the same.

Fields that have their default are left out: a field that is added later changes no mark of what was decided before.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from hashlib import sha256
from typing import Any

from pydantic import BaseModel

from contracts.manifest import canonical_json
from orchestrator.turn.effects import Effect, TellingEffect
from orchestrator.turn.state import Phase

_DIGITS = 16
_CAPITAL = re.compile(r"(?<!^)(?=[A-Z])")


def mark_of(phase: Phase, effects: Iterable[Effect]) -> str:
    """`name:digest`: the effect that brings an answer (or the last one, or "nothing"), and 16 hexadecimal digits over
    the phase and all effects.
    """
    decided = tuple(effects)
    asked = next((one for one in decided if not isinstance(one, TellingEffect)), decided[-1] if decided else None)
    plain = canonical_json([phase.value, [[name_of(one), plain_of(one)] for one in decided]])
    return f"{'nothing' if asked is None else name_of(asked)}:{sha256(plain).hexdigest()[:_DIGITS]}"


def name_of(effect: Effect) -> str:
    """The effect's name in snake case, such as `call_tool`."""
    return _CAPITAL.sub("_", type(effect).__name__).lower()


def plain_of(value: Any) -> Any:
    """The value as JSON has it, without what is as by default."""
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json", exclude_defaults=True)
    if is_dataclass(value) and not isinstance(value, type):
        told = {one.name: (getattr(value, one.name), one.default) for one in fields(value)}
        return {name: plain_of(held) for name, (held, default) in told.items() if held != default}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Mapping):
        return {str(name): plain_of(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [plain_of(one) for one in value]
    return value
