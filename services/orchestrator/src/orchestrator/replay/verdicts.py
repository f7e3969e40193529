"""The verdict on a replayed turn as a sentence, and why one cannot be replayed."""

from collections.abc import Mapping

from orchestrator.replay.identical import Verdict
from orchestrator.replay.recording import Recording, Unreadable

WHY_NOT: Mapping[Unreadable, str] = {
    Unreadable.ERASED: "its person was erased, and nobody can read it any more.",
    Unreadable.KEY_MISSING: "the master key that opens it is not in the key file.",
    Unreadable.UNOPENED: "the key of its conversation does not open.",
    Unreadable.UNFINISHED: "it is under way. Ask again when it has ended, or waits for somebody.",
}


def sentence(recording: Recording, verdict: Verdict) -> str:
    """The verdict on one turn."""
    if verdict.difference is not None:
        where = "at the end" if verdict.difference.entry is None else f"at entry {verdict.difference.entry}"
        return f"DIFFERENT {where}: {verdict.difference.why}."
    waits = "" if recording.status == "ended" else " so far; it waits"
    older = f" ({verdict.unmarked} answers are from before marks were kept)" if verdict.unmarked else ""
    return f"identical{waits}, {len(verdict.steps)} entries{older}"
