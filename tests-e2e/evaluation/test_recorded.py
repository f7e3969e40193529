"""What a running stack has kept becomes rows to grade and cases to finish, and says nothing of who wrote it."""

import pytest
import yaml
from evalbench.corpus import read_cases
from evalbench.recorded import Message, NotRecorded, Recorded, Records, to_case, to_grade
from evalbench.recorded_command import told_by

from e2e.people import guest
from e2e.shop import paid_order
from onebox.keys import ORCHESTRATOR
from servicekit.crypto import Keyring
from servicekit.privacy.finder import Finder

PRIVATE = "My mail is zora.q@example.net, phone 802-555-0143."


@pytest.fixture
def records(machine) -> Records:
    keyring = Keyring.load(machine.stack.keys.master(ORCHESTRATOR))
    return Records(machine.database(ORCHESTRATOR), keyring, Finder.load())


@pytest.mark.e2e
@pytest.mark.asyncio(loop_scope="session")
async def test_a_recorded_conversation_becomes_a_case_without_personal_data(machine, visit, records, tmp_path) -> None:
    paid = await paid_order(machine)
    visitor = visit(paid.person)
    first = await visitor.say(f"Where is my order {paid.order}? {PRIVATE}")
    await visitor.say(f"And what is in order {paid.order}?", first.conversation_id)
    text = to_case(await records.one(first.conversation_id), "recorded-one")
    (tmp_path / "recorded.yaml").write_text(text, encoding="utf-8")
    (case,) = read_cases(tmp_path)
    assert [said.says.count("{order}") for said in case.turns] == [1, 1]
    assert list(case.turns[0].outcome) == [first.outcome]
    assert not any(secret in text for secret in (paid.order, "zora.q", "555-0143"))


@pytest.mark.e2e
@pytest.mark.asyncio(loop_scope="session")
async def test_a_sample_is_masked_and_leaves_the_grades_to_a_person(visit, records) -> None:
    await visit(guest()).say(f"Do you deliver on Sundays? {PRIVATE}")
    text = to_grade(await records.sample(None, 100))
    rows = yaml.safe_load(text)
    assert 1 <= len(rows) <= 100
    assert all(row["by"] is None and set(row["grades"].values()) == {None} for row in rows)
    assert any("Do you deliver on Sundays?" in row["said"] for row in rows) or len(rows) == 100
    assert "zora.q" not in text
    assert "555-0143" not in text
    assert len(await records.sample(None, 1)) == 1


@pytest.mark.e2e
@pytest.mark.asyncio(loop_scope="session")
async def test_a_conversation_that_is_not_there_is_told(records) -> None:
    with pytest.raises(NotRecorded, match="there is no conversation cnv_none"):
        await records.one("cnv_none")


def test_each_order_has_a_place_and_an_ending_that_no_case_has_is_left_to_the_person() -> None:
    said = ("<order_aaaaaaaa> or <order_bbbbbbbb>, <name_cccccccc>?", "the first, <order_aaaaaaaa>")
    messages = tuple(Message("customer", text, ending) for text, ending in zip(said, ("stopped", None), strict=True))
    (row,) = yaml.safe_load(to_case(Recorded("cnv_x", True, messages), "recorded-x"))["cases"]
    assert [turn["says"] for turn in row["turns"]] == ["{order} or {order2}, <name>?", "the first, {order}"]
    assert [turn["outcome"] for turn in row["turns"]] == [["answered"], ["answered"]]
    assert len(row["orders"]) == 2


def test_without_a_word_of_a_customer_there_is_no_case() -> None:
    with pytest.raises(NotRecorded, match="no customer said anything"):
        to_case(Recorded("cnv_x", False, (Message("assistant", "Hello", None),)), "recorded-x")


@pytest.mark.parametrize("bad", [["sample", "--since", "soon"], ["add-case"], ["drop"]])
def test_a_bad_command_line_is_refused(bad, capsys) -> None:
    with pytest.raises(SystemExit):
        told_by(bad)
    assert "run.py" in capsys.readouterr().err
