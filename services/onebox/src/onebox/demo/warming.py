"""The first turn of a model on this machine, which has to read its instructions once; afterwards it has them ready."""

from onebox.demo.talk import caller
from onebox.demo.thought import thoughts
from onebox.keys import ADA
from onebox.report import Report
from onebox.stack import Stack

#: Each goes on where the time of the last one was over.
_TRIES = 5
_QUESTION = "What is in my order ABC123?"


async def warm(stack: Stack, report: Report) -> bool:
    """Ask until the model answered in time; False when it did not in any of the tries."""
    report.note("the model reads its instructions once, which may take a minute")
    for _ in range(_TRIES):
        asking = caller(ADA, stack.url(), stack.keys)
        async with asking.client:
            talk = await asking.say(_QUESTION)
        if not any(one.too_slow for one in await thoughts(stack, talk.conversation_id)):
            return True
    report.note("it was too slow for that; the conversations are held all the same")
    return False
