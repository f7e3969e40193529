"""What is known before a message is taken in: of one's own conversation alone, all its tokens, and one's own day."""

from datetime import date, timedelta

import pytest

from contracts.errors import ProblemCode
from orchestrator.journal.arriving import Arriving, arriving
from orchestrator.limits.usage import Spent
from servicekit.auth.claims import Caller
from servicekit.errors import ProblemError

from .conftest import ADA, BEN

pytestmark = pytest.mark.service
DAY = date(2026, 11, 22)


async def at(office, conversation_id: str, caller: Caller = ADA) -> Arriving:
    async with office.database.primary() as db:
        return await arriving(db, office.conversations, office.vaults, conversation_id, caller, DAY)


async def used(office, caller: Caller, day: date, model: str, tokens: int) -> None:
    subject_hash = office.conversations.subject_hash(caller.issuer, caller.subject)
    async with office.database.primary() as db:
        await db.execute(
            "INSERT INTO usage_days (day, subject_hash, model, tokens_in, tokens_out, cost_micros)"
            " VALUES ($1, $2, $3, $4, 1, 7)",
            day, subject_hash, model, tokens,
        )  # fmt: skip


async def test_its_tokens_stand_for_what_they_were_made_of(office) -> None:
    mine, other = await office.begin(), await office.begin()
    for number in range(3):
        await office.say(mine.id, f"Write to kim{number}@mail.example, please.", f"id-{number}")
    await office.say(other.id, "Write to eve@mail.example, please.", "id")
    vault = (await at(office, mine.id)).vault
    tokens = [vault.mask(f"kim{number}@mail.example") for number in range(3)]
    assert [vault.restore(token) for token in tokens] == [f"kim{number}@mail.example" for number in range(3)]
    assert not vault.take_fresh()
    vault.mask("eve@mail.example")
    assert vault.take_fresh()


async def test_only_the_customers_own_use_of_that_day_counts_over_all_models(office) -> None:
    conversation = await office.begin()
    await used(office, ADA, DAY, "small", 10)
    await used(office, ADA, DAY, "strong", 100)
    await used(office, ADA, DAY - timedelta(days=1), "small", 1_000)
    await used(office, BEN, DAY, "small", 10_000)
    found = await at(office, conversation.id)
    assert (found.spent, found.day) == (Spent(112, 14), DAY)


async def test_a_new_customer_has_used_nothing_and_the_vault_is_empty(office) -> None:
    found = await at(office, (await office.begin()).id)
    assert (found.spent, found.conversation.fresh) == (Spent(), True)


async def test_somebody_elses_or_an_erased_conversation_is_not_found(office) -> None:
    conversation = await office.begin()
    with pytest.raises(ProblemError) as refused:
        await at(office, conversation.id, BEN)
    assert refused.value.code is ProblemCode.NOT_FOUND
    async with office.database.primary() as db:
        await db.execute("UPDATE conversations SET data_key = NULL WHERE id = $1", conversation.id)
    with pytest.raises(ProblemError) as refused:
        await at(office, conversation.id)
    assert refused.value.code is ProblemCode.NOT_FOUND
