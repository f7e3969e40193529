"""What staff do about macros: who asks is checked here, and each step is audited in the transaction that does it."""

from dataclasses import dataclass
from datetime import timedelta

from contracts.errors import FieldError, ProblemCode
from orchestrator.api.approving import APPROVE_SCOPE
from orchestrator.api.auditing import record_step
from orchestrator.api.deps import Desk, check_may
from orchestrator.macros.desk import MacroDesk
from orchestrator.macros.store import change_macro, create_macro, retire_macro
from orchestrator.macros.suggestions import decide, open_suggestions
from orchestrator.macros.wording import PLACES, masked_kinds, unknown_places
from servicekit.auth.claims import Caller
from servicekit.db.pool import Connection
from servicekit.errors import ProblemError
from servicekit.language import Language

CURATE_REFUSAL = "Only staff may decide about macros."
#: Looking by hand makes no sense more often.
_FRESH = timedelta(seconds=10)


@dataclass(frozen=True, slots=True)
class MacroText:
    """What a macro shall say, and to what question."""

    question: str
    text: str


async def approve_suggestion(
    desk: Desk, macros: MacroDesk, caller: Caller, suggestion_id: str, told: MacroText
) -> str:  # fmt: skip
    """Make a macro of a suggestion, as it is or edited; its id. Raises 403, NOT_FOUND when it is not open (any more),
    INVALID_REQUEST for a text that cannot be sent.
    """
    _check(caller)
    _check_text(told)
    now, site = desk.intake.clock.now(), caller.site
    async with desk.database.transaction() as db:
        await _check_open(db, macros, site, suggestion_id)
        language = await decide(db, site, suggestion_id, "approved", caller.subject, now)
        if language is None:
            raise _not_open()
        macro_id = await create_macro(
            db, site, language, suggestion_id, told.question, told.text, caller.subject, now
        )  # fmt: skip
        await record_step(db, desk, caller, "macro_approve", {"suggestion_id": suggestion_id, "macro_id": macro_id})
    return macro_id


async def dismiss_suggestion(desk: Desk, macros: MacroDesk, caller: Caller, suggestion_id: str) -> None:
    """It does not come back, unless it doubles. Raises 403, NOT_FOUND when it is not open (any more)."""
    _check(caller)
    now, site = desk.intake.clock.now(), caller.site
    async with desk.database.transaction() as db:
        await _check_open(db, macros, site, suggestion_id)
        if await decide(db, site, suggestion_id, "dismissed", caller.subject, now) is None:
            raise _not_open()
        await record_step(db, desk, caller, "macro_dismiss", {"suggestion_id": suggestion_id})


async def write_macro(desk: Desk, caller: Caller, language: Language, told: MacroText) -> str:
    """A macro that nobody suggested; its id. Raises 403, INVALID_REQUEST."""
    _check(caller)
    _check_text(told)
    async with desk.database.transaction() as db:
        macro_id = await create_macro(
            db, caller.site, language, None, told.question, told.text, caller.subject, desk.intake.clock.now()
        )  # fmt: skip
        await record_step(db, desk, caller, "macro_write", {"macro_id": macro_id})
    return macro_id


async def edit_macro(desk: Desk, caller: Caller, macro_id: str, seen: int, told: MacroText) -> int:
    """A further version behind the one that was `seen`. Raises 403, INVALID_REQUEST, NOT_FOUND, CONFLICT."""
    _check(caller)
    _check_text(told)
    async with desk.database.transaction() as db:
        version = await change_macro(
            db, caller.site, macro_id, seen, told.question, told.text, caller.subject, desk.intake.clock.now()
        )  # fmt: skip
        await record_step(db, desk, caller, "macro_edit", {"macro_id": macro_id, "version": str(version)})
    return version


async def withdraw_macro(desk: Desk, caller: Caller, macro_id: str) -> None:
    """Nobody can insert it any more; the same again changes nothing. Raises 403, NOT_FOUND."""
    _check(caller)
    async with desk.database.transaction() as db:
        if await retire_macro(db, caller.site, macro_id, caller.subject, desk.intake.clock.now()):
            await record_step(db, desk, caller, "macro_retire", {"macro_id": macro_id})


async def look_now(desk: Desk, macros: MacroDesk, caller: Caller) -> bool:
    """Look at what staff said now; False when that was done a moment ago, or is under way. Raises 403."""
    _check(caller)
    looked = await macros.looking.look(caller.site, _FRESH)
    if looked:
        async with desk.database.transaction() as db:
            await record_step(db, desk, caller, "macro_look", {})
    return looked


def _check(caller: Caller) -> None:
    check_may(caller, APPROVE_SCOPE, CURATE_REFUSAL)


def _check_text(told: MacroText) -> None:
    for field, text in (("question", told.question), ("text", told.text)):
        if kinds := masked_kinds(text):
            named = ", ".join(f"<{one}>" for one in kinds)
            raise _wrong(field, f"{named} stands for somebody's data. Write what is right for every customer.")
    if places := unknown_places(told.text):
        named, ours = (", ".join(f"{{{one}}}" for one in some) for some in (places, PLACES))
        raise _wrong("text", f"Nothing can be filled in for {named}. There are {ours}.")


async def _check_open(db: Connection, macros: MacroDesk, site: str, suggestion_id: str) -> None:
    if not await open_suggestions(db, site, macros.policy.fewest, suggestion_id):
        raise _not_open()


def _not_open() -> ProblemError:
    return ProblemError(ProblemCode.NOT_FOUND, "There is no such open suggestion. A colleague may have decided it.")


def _wrong(field: str, detail: str) -> ProblemError:
    error = FieldError(pointer=f"/{field}", detail=detail)
    return ProblemError(ProblemCode.INVALID_REQUEST, "Please check what you entered.", errors=(error,))
