"""Identifiers: their shapes, how new ones are made, and how they are shown to people."""

import secrets
import time
from typing import Annotated

from pydantic import StringConstraints

ConversationId = Annotated[str, StringConstraints(pattern=r"^cnv_[0-9a-f]{32}$")]
TurnId = Annotated[str, StringConstraints(pattern=r"^trn_[0-9a-f]{32}$")]
ClientTurnId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._:-]{1,64}$")]
Digest = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
OrderId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9-]{2,31}$")]
IdempotencyKey = Annotated[str, StringConstraints(pattern=r"^[!-~]{1,255}$")]

MASK = "\u2022\u2022"


def new_id(prefix: str) -> str:
    """A new id such as `trn_019f…`: a prefix and 128 bits that sort by time (UUIDv7's layout).

    The time part keeps neighbouring rows neighbours in an index; 80 random bits keep it unguessable.
    """
    millis = time.time_ns() // 1_000_000
    return f"{prefix}_{millis:012x}{secrets.token_hex(10)}"


def mask_id(identifier: str) -> str:
    """The id as it may stand in text: all but the last four characters hidden (`ABC123` → `••C123`)."""
    return MASK + identifier[-4:]
