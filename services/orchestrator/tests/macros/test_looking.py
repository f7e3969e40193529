"""The daily look: what becomes a suggestion and what does not, once, whatever dies; what leaves with its customers."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from contracts.errors import ProblemCode
from orchestrator.macros.looking import Looking
from orchestrator.macros.store import create_macro
from orchestrator.macros.suggestions import claim, decide, last_run
from orchestrator.privacy.erasing import erase_conversations
from servicekit.errors import ProblemError

from .conftest import Site

pytestmark = pytest.mark.service
AXES = ("Do you sharpen axes?", "Can I have my axe sharpened?", "Do you do axe sharpening?")
YES = "Yes, we sharpen axes in our workshop. Send it to us, it takes three days."
DAY = timedelta(days=1)


async def three(site: Site) -> list[str]:
    """Three customers got the same answer; their conversations."""
    return [(await site.answered(question, YES)).id for question in AXES]


async def counts(site: Site) -> tuple[int, int]:
    """How many suggestions and pieces of evidence the site has."""
    own = "(SELECT id FROM macro_suggestions WHERE issuer = $1)"
    evidence = await site.fetch(f"SELECT count(*) FROM macro_evidence WHERE suggestion_id IN {own}", site.name)
    return await site.fetch("SELECT count(*) FROM macro_suggestions WHERE issuer = $1", site.name), evidence


async def test_what_three_customers_were_answered_is_suggested_word_for_word(site: Site) -> None:
    told = await three(site)
    await site.answered("Do you ship to Norway?", "Yes, we ship to Norway, it takes five days from our warehouse.")
    await site.asked_in_vain("Is it possible to get an axe sharpened?")
    assert await site.looking.look(site.name)
    (found,) = await site.suggestions()
    assert (found.text, found.proposal) == (YES, YES)
    assert found.question in AXES
    assert (found.counted.customers, found.counted.conversations, found.counted.in_vain) == (3, 3, 1)
    assert (found.counted.language, found.counted.reasons) == ("en", ("staff",))
    assert sorted(found.conversation_ids) == sorted(told)


async def test_two_customers_are_too_few_and_so_are_three_visits_of_one(site: Site) -> None:
    for subject in ("cust_ada", "cust_ada", "cust_ben"):
        await site.answered(AXES[0], YES, subject)
    await site.looking.look(site.name)
    assert await counts(site) == (0, 0)


async def test_nobodys_data_stands_in_a_suggestion_and_places_stand_for_the_customers_own(site: Site) -> None:
    for name, order in (("Ada Lovelace", "ABC123"), ("Benno Kurz", "XYZ987"), ("Carla Nunez", "QRS555")):
        first = name.split()[0]
        await site.answered(
            f"My order {order} has the wrong address, I am {name}, {first.lower()}@example.com",
            f"Hello {first}, order {order} has not left our warehouse yet, so we changed its address. Best wishes, Kim",
            name=name,
        )
    await site.looking.look(site.name)
    (found,) = await site.suggestions()
    shown = found.question + found.text + found.proposal
    for secret in ("Ada", "Lovelace", "ABC123", "Benno", "XYZ987", "Carla", "QRS555", "example.com", "_"):
        assert secret not in shown.replace("{order_number}", "").replace("{customer_name}", ""), secret
    assert found.text.startswith("Hello <name>, order <order> has not left")
    assert found.proposal.startswith("Hello {customer_name}, order {order_number} has not left")


async def test_it_is_told_when_the_assistants_own_answer_had_a_thumb_down(site: Site) -> None:
    for question in AXES:
        await site.answered(question, YES, disliked=question == AXES[1])
    await site.looking.look(site.name)
    (found,) = await site.suggestions()
    assert sorted(found.counted.reasons) == ["staff", "thumbs_down"]


async def test_the_question_stands_before_the_wish_for_a_person(site: Site) -> None:
    for question in AXES:
        await site.answered("I want to talk to a person", YES, asked_before=("Where is my parcel?", question))
    await site.looking.look(site.name)
    (found,) = await site.suggestions()
    assert found.question in AXES


async def test_the_same_look_again_changes_nothing_and_comes_once_a_day(site: Site) -> None:
    await three(site)
    assert await site.looking.look(site.name)
    (first,) = await site.suggestions()
    assert not await site.looking.look(site.name)
    site.clock.advance(DAY.total_seconds() + 1)
    assert await site.looking.look(site.name)
    assert [one.counted.id for one in await site.suggestions()] == [first.counted.id]
    assert await counts(site) == (1, 3)


async def test_of_several_workers_one_looks(site: Site) -> None:
    await three(site)
    looked = await asyncio.gather(*(site.looking.look(site.name) for _ in range(4)))
    assert sorted(looked) == [False, False, False, True]
    assert await counts(site) == (1, 3)


async def test_a_look_that_was_killed_keeps_nothing_and_is_made_again(site: Site) -> None:
    await three(site)
    async with site.database.primary() as db:
        assert await claim(db, site.name, site.clock.now(), DAY)  # and then: kill -9
    assert not await site.looking.look(site.name)
    site.clock.advance(301)
    assert await site.looking.look(site.name)
    assert await counts(site) == (1, 3)


async def test_what_breaks_while_it_is_kept_is_undone(site: Site) -> None:
    await three(site)
    broken = "ALTER TABLE macro_runs ADD CONSTRAINT broken CHECK (done_at IS NULL OR issuer <> '{}') NOT VALID"
    async with site.database.primary() as db:
        await db.execute(broken.format(site.name))
    try:
        with pytest.raises(Exception, match="broken"):
            await site.looking.look(site.name)
        assert await counts(site) == (0, 0)
    finally:
        async with site.database.primary() as db:
            await db.execute("ALTER TABLE macro_runs DROP CONSTRAINT broken")
    site.clock.advance(301)
    assert await site.looking.look(site.name)
    assert await counts(site) == (1, 3)


async def test_what_was_dismissed_comes_back_when_it_has_doubled_and_not_before(site: Site) -> None:
    await three(site)
    await site.looking.look(site.name)
    (found,) = await site.suggestions()
    async with site.database.primary() as db:
        assert await decide(db, site.name, found.counted.id, "dismissed", "kim", site.clock.now()) == "en"
    for more in range(3):
        site.clock.advance(DAY.total_seconds() + 1)
        await site.looking.look(site.name)
        assert await site.suggestions() == [], more
        await site.answered(AXES[0], YES)
    site.clock.advance(DAY.total_seconds() + 1)
    await site.looking.look(site.name)
    (again,) = await site.suggestions()
    assert (again.counted.id, again.counted.conversations) == (found.counted.id, 6)


async def test_who_is_erased_leaves_the_suggestion_and_with_too_few_it_is_gone(site: Site) -> None:
    first, *others = await three(site)
    await site.looking.look(site.name)
    async with site.database.transaction() as db:
        await erase_conversations(db, [first])
    assert await counts(site) == (1, 2)
    assert await site.suggestions() == []
    async with site.database.transaction() as db:
        await erase_conversations(db, others)
    await site.looking.sweep()
    assert await counts(site) == (0, 0)


async def test_another_sites_customers_are_not_counted(site: Site) -> None:
    await three(replace(site, name=f"{site.name}-b"))
    await site.answered(AXES[0], YES)
    await site.looking.look(site.name)
    await site.looking.look(f"{site.name}-b")
    assert await site.suggestions() == []
    assert len(await replace(site, name=f"{site.name}-b").suggestions()) == 1


async def test_what_a_macro_says_already_is_not_suggested(site: Site) -> None:
    await three(site)
    async with site.database.transaction() as db:
        await create_macro(db, site.name, "en", None, AXES[0], YES, "kim", site.clock.now())
    await site.looking.look(site.name)
    assert await counts(site) == (0, 0)


@pytest.mark.parametrize(
    ("bound", "answers", "cut"), [({"most_answers": 2}, 2, False), ({"most_seconds": -1.0}, 3, True)]
)
async def test_a_look_is_bounded_in_rows_and_time_and_says_so(site: Site, bound, answers: int, cut: bool) -> None:
    await three(site)
    looking: Looking = replace(site.looking, policy=replace(site.looking.policy, **bound))
    await looking.look(site.name)
    async with site.database.primary() as db:
        run = await last_run(db, site.name)
    assert run is not None
    assert (run.answers, run.cut, run.clusters) == (answers, cut, 0)


async def test_a_sweep_looks_at_every_site_that_has_staff(site: Site) -> None:
    await three(site)
    assert await site.looking.sweep() == 0
    assert len(await site.suggestions()) == 1


async def test_without_a_database_the_sweep_says_so_and_nothing_is_lost(site: Site) -> None:
    await three(site)
    await site.database.close()
    with pytest.raises(ProblemError) as refused:
        await site.looking.sweep()
    assert refused.value.problem.code is ProblemCode.DEPENDENCY_DOWN
