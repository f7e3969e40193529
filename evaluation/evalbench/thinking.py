"""Which turns a model on this machine planned and wrote itself, and the settings without it."""

from collections.abc import Sequence

from evalbench.running import SETTINGS, Tried
from onebox.demo.thought import Thought, thoughts
from onebox.stack import Stack

#: No model: the offline Brain answers.
OFFLINE_SETTINGS = {**SETTINGS, "AIGUY_LLM_MODEL": ""}


async def who_thought(stack: Stack, tried: Sequence[Tried]) -> str:
    """One sentence about all turns of these runs."""
    names = [played.conversation_id for one in tried for played in one.runs if played.conversation_id]
    return summed([one for name in names for one in await thoughts(stack, name)])


def summed(found: Sequence[Thought]) -> str:
    """The same of these turns."""
    needed = [one for one in found if one.planned or one.wrote or one.failed]
    planned = sum(one.planned_by_model for one in needed)
    wrote = sum(one.written_by_model for one in needed)
    slow = sum(one.too_slow for one in needed)
    back = sum(one.held_back for one in needed)
    return (
        f"of {len(needed)} turns the model chose the tools of {planned} and wrote the answers of {wrote};"
        f" in {slow} it was too slow, in {back} the guards held its answer back"
    )
