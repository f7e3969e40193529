"""A courtesy at the beginning of a message is cut off where a wish follows it; a courtesy alone stays one."""

from typing import Any

import pytest

from orchestrator.brain.offline.brain import OfflineBrain
from orchestrator.brain.offline.courtesy import is_only_answer, is_only_thanks, wish_behind

from .reading import tasks_of, wants

WISHES = [
    ("en", "Thanks a lot! Where can I see ABC123", "order_status"),
    ("en", "ok great thank you, change the address of XYZ789 then please", "order_change"),
    ("en", "thx for the quick reply but what is the return address", "knowledge"),
    ("en", "cheers. one more question: how long is the warranty on a tent", "knowledge"),
    ("en", "yes and I need the invoice for ABC123", "invoice"),
    ("en", "no, what did I pay for ABC123?", "order_content"),
    ("de", "super danke, und wo bleibt meine Bestellung ABC123?", "order_status"),
    ("de", "nein, ich brauche die Rechnung zu ABC123", "invoice"),
    ("fr", "merci bien, où en est ma commande ABC123", "order_status"),
    ("es", "vale gracias y la factura de ABC123", "invoice"),
    ("it", "ok grazie, quanto tempo ho per restituire un articolo?", "knowledge"),
    ("nl", "dank je wel, wanneer komt ABC123", "order_status"),
]  # fmt: skip
COURTESIES = [
    ("en", "thank you for sorting out what I did wrong"), ("en", "Thanks, that is all I wanted"),
    ("en", "ok thanks and have a lovely evening"), ("en", "thanks! what a quick answer"), ("en", "thx, will do"),
    ("en", "Thank you so much for the great help, goodbye"), ("de", "danke schön, schönen abend"),
    ("fr", "merci pour votre aide"), ("es", "gracias por todo"), ("it", "grazie mille"), ("nl", "bedankt, fijne dag"),
]  # fmt: skip


@pytest.mark.parametrize(("language", "text", "wish"), WISHES)
async def test_the_wish_behind_a_courtesy_counts(
    language: str, text: str, wish: str, ask: Any, offline: OfflineBrain
) -> None:
    assert await wants(offline, ask(text), language=language) == [wish]


@pytest.mark.parametrize(("language", "text"), COURTESIES)
async def test_a_courtesy_alone_is_answered_as_one(language: str, text: str, ask: Any, offline: OfflineBrain) -> None:
    assert await wants(offline, ask(text), language=language) == ["thanks"]


@pytest.mark.parametrize(
    ("language", "text"),
    [("de", "keine Ahnung welche Nummer, es war die Lampe"), ("en", "no clue about the number, the lamp it was"),
     ("nl", "geen idee, het gaat om de lamp")],
)  # fmt: skip
async def test_who_does_not_know_something_has_not_declined(
    language: str, text: str, ask: Any, offline: OfflineBrain
) -> None:
    (found,) = await wants(offline, ask(text, "where is it", "Which order is it about?"), language=language)
    assert found not in ("no", "yes", "thanks")


@pytest.mark.parametrize("text", ["no, that is all", "yes please", "ok", "nope, nothing else", "Yes, go ahead"])
async def test_a_plain_answer_stays_one(text: str, ask: Any, offline: OfflineBrain) -> None:
    (found,) = await wants(offline, ask(text))
    assert found in ("yes", "no")
    assert is_only_answer(text)


async def test_what_goes_on_with_and_is_searched_with_what_came_before(ask: Any, offline: OfflineBrain) -> None:
    (task,) = await tasks_of(
        offline, ask("perfect, thanks. And to Canada?", "what is shipping to Norway", "29.90 USD.")
    )
    assert "Norway" in task.query
    assert "Canada" in task.query


@pytest.mark.parametrize(
    ("text", "rest"),
    [("Thanks for that, can you send it again?", "can you send it again?"), ("ok. stop the order", "stop the order"),
     ("no order has come yet", ""), ("good morning, where is it", ""), ("thanks", ""), ("", ""),
     ("thank you for asking where I live", "")],
)  # fmt: skip
def test_what_is_cut_off(text: str, rest: str) -> None:
    assert wish_behind(text) == rest


@pytest.mark.parametrize(
    ("text", "wish"),
    [("thank the packers but the zip is broken", "the zip is broken"),
     ("Thank you for the quick parcel, but one mug came in pieces", "one mug came in pieces"),
     ("compliments to your driver but my lamp does not work", "my lamp does not work")],
)  # fmt: skip
def test_after_praise_and_a_but_comes_the_matter(text: str, wish: str) -> None:
    assert wish_behind(text) == wish
    assert not is_only_thanks(text)
    assert wish_behind("thanks, but all is fine now") == ""
