"""A message of staff that was made from a macro: checked before it is said, noted in the transaction that says it."""

from dataclasses import dataclass

from contracts.errors import FieldError, ProblemCode
from orchestrator.macros.store import note_use, text_of
from orchestrator.macros.wording import CUSTOMER_NAME, kept_share, open_places
from servicekit.db.pool import Connection
from servicekit.errors import ProblemError


@dataclass(frozen=True, slots=True)
class MacroUsed:
    """The macro, in the version that was inserted."""

    macro_id: str
    version: int


def check_places(text: str) -> None:
    """Raises INVALID_REQUEST while a place of a macro is not filled in: no customer reads `{order_number}`."""
    places = open_places(text)
    if not places:
        return
    named = ", ".join(f"{{{one}}}" for one in places)
    reveal = " Or reveal personal data and insert it again." if CUSTOMER_NAME in places else ""
    told = FieldError(pointer="/text", detail=f"Nothing is filled in for {named}. Write what belongs there.{reveal}")
    raise ProblemError(ProblemCode.INVALID_REQUEST, "The answer is not complete.", errors=(told,))


async def note_macro(
    db: Connection, site: str, conversation_id: str, client_message_id: str, text: str, used: MacroUsed
) -> None:
    """Note what the message was made from, and how much of it was kept. Raises NOT_FOUND for another site's macro."""
    kept = kept_share(await text_of(db, site, used.macro_id, used.version), text)
    await note_use(db, conversation_id, client_message_id, used.macro_id, used.version, kept)
