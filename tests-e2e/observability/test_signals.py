"""Each signal that operators rely on is really given by the running services, and none is given that is not listed."""

import re
from collections.abc import AsyncIterator

import orjson
import pytest
import pytest_asyncio

from e2e.machine import Machine
from onebox.stack import SERVICES

from .afternoon import SECRET_WORD, TRACE, Told, told_by
from .matrix import load, metrics_of

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]

#: Our ids, and what people are called: nothing of it is a label.
ID = re.compile(r"^(cnv|trn|rfd|msg|ch|cust|staff|guest|req|apr)_|@|[0-9a-f]{16}")
MOST_SERIES = 200


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def told(running_machine: Machine) -> AsyncIterator[Told]:
    """What an afternoon's turns made the services tell; answered without a model."""
    async with told_by(running_machine, {}) as told:
        yield told


@pytest.mark.parametrize("service", SERVICES)
async def test_each_metric_of_the_matrix_is_there_and_no_other(told: Told, service: str) -> None:
    wanted, found = metrics_of(service), told.samples[service]
    missing = [name for name, one in wanted.items() if not one.at_need and not found.get(name)]
    unlisted = sorted(set(found) - set(wanted))
    assert (missing, unlisted) == ([], [])


@pytest.mark.parametrize("service", SERVICES)
async def test_metrics_have_the_labels_of_the_matrix_and_no_label_is_an_id(told: Told, service: str) -> None:
    wanted, found = metrics_of(service), told.samples[service]
    other = {
        (name, label) for name, series in found.items() for labels in series
        for label in set(labels) - {"le"} ^ wanted[name].labels
    }  # fmt: skip
    ids = {(name, text) for name, series in found.items() for one in series for text in one.values() if ID.search(text)}
    many = {name: len(series) for name, series in found.items() if len(series) > MOST_SERIES and "_seconds" not in name}
    assert (other, ids, many) == (set(), set(), {})


async def test_each_turn_leaves_one_line_with_every_field_and_no_word_of_the_customer(told: Told) -> None:
    fields = set(load()["log"]["turn_ended"])
    for kind, turn in told.turns.items():
        line = told.lines[turn.turn_id]
        assert fields <= set(line), kind
        assert line["outcome"] == turn.outcome
        assert SECRET_WORD not in orjson.dumps(line).decode()
    lines = {kind: told.lines[turn.turn_id] for kind, turn in told.turns.items()}
    assert (lines["knowledge"]["intent"], lines["order"]["intent"]) == ("retrieval", "orders")
    assert lines["knowledge"]["trace_id"] == TRACE
    assert [one["kind"] for one in lines["small refund"]["approvals"]] == ["confirmation"]  # type: ignore[attr-defined]
    asked = lines["large refund"]["approvals"]
    assert [one["kind"] for one in asked] == ["confirmation", "approval"]  # type: ignore[attr-defined]
    assert all(one["decided_at"] > one["asked_at"] for one in asked)  # type: ignore[attr-defined]


async def test_each_span_of_the_matrix_is_sent_with_its_attributes(told: Told) -> None:
    for name, wanted in load()["spans"].items():
        if wanted.get("at_need"):
            continue
        spans = [one for one in told.collector.spans(wanted["service"]) if one.name.split()[0] == name]
        assert spans, name
        for one in spans:
            assert set(wanted["attributes"]) <= {attribute.key for attribute in one.attributes}, name


async def test_one_trace_leads_from_the_request_through_the_turn_to_the_tool(told: Told) -> None:
    def of_message(service: str) -> set[str]:
        spans = told.collector.spans(service)
        return {one.name.split()[0] for one in spans if one.trace_id.hex() == TRACE}

    assert {"plan", "execute_tool", "observe"} <= of_message("orchestrator")
    assert {"tool", "retrieval"} <= of_message("retrieval")


async def test_no_signal_holds_what_customers_wrote(told: Told) -> None:
    texts = [text for _, text in told.collector.texts()]
    assert texts
    assert not [text for text in texts if SECRET_WORD in text]
