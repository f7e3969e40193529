"""What a turn looks like in the terminal."""

import io

from rich.console import Console

from contracts.turn import Answering, ChunkEvent, CitationEvent, EndEvent, Outcome, StreamEvent
from onebox.chat import Screen

ANSWER = "Express costs 14.90 USD."


def shown(*events: StreamEvent) -> str:
    out = io.StringIO()
    screen = Screen(Console(file=out, width=200))
    for event in events:
        screen.show(event)
    return out.getvalue()


def end(text: str) -> EndEvent:
    return EndEvent(outcome=Outcome.ANSWERED, text=text, answering=Answering.BOT)


def source() -> CitationEvent:
    return CitationEvent(title="Shipping", url="https://shop.example/help/shipping", quote=ANSWER)


def test_an_answer_is_shown_once_and_its_source_on_a_line_of_its_own() -> None:
    text = shown(ChunkEvent(text=ANSWER[:7], offset=0), ChunkEvent(text=ANSWER[7:], offset=7), source(), end(ANSWER))
    assert text.count(ANSWER) == 2, "once as the answer, once as the quote"
    assert f"{ANSWER}\nsource: Shipping" in text


def test_an_answer_that_was_taken_back_is_followed_by_the_right_one() -> None:
    text = shown(ChunkEvent(text="Free.", offset=0), ChunkEvent(text="", offset=0), end(ANSWER))
    assert text.startswith("Free.\n")
    assert text.count(ANSWER) == 1
