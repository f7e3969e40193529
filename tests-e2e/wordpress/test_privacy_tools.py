"""WordPress's own tools for personal data ask the backend, and say in words what it could not do."""

from collections.abc import Iterator

import pytest
from starlette.responses import JSONResponse, Response

from e2e.machine import Machine
from e2e.visitor import Visitor
from servicekit.testing import eventually
from servicekit.testing.live import live_server

from .conftest import ChangeSettings
from .site import Site, email_of
from .stand_in import StandIn, problem

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]
_EXPORT = (
    "$tool = apply_filters('wp_privacy_personal_data_exporters', [])['aiguy-chat']['callback'];"
    "$told = $tool($arguments[0], 1); return is_wp_error($told) ? $told->get_error_message() : $told;"
)
_ERASE = (
    "$tool = apply_filters('wp_privacy_personal_data_erasers', [])['aiguy-chat']['callback'];"
    "return $tool($arguments[0], $arguments[1]);"
)
_TOKEN = r"return \AIGuy\Chat\Tokens::for_visitor(\AIGuy\Chat\Visitor::of_user(get_user_by('login', $arguments[0])));"


@pytest.fixture
def backend() -> StandIn:
    return StandIn()


@pytest.fixture
async def asking(wordpress: Site, settings: ChangeSettings, backend: StandIn) -> Iterator[Site]:
    with live_server(backend.app()) as url:  # type: ignore[arg-type]
        await settings(backend_url=url)
        yield wordpress


def erasure(state: str, **services: object) -> Response:
    body = {"request_id": "prv_" + "0" * 32, "state": state, "conversations": 1, "services": services}
    return JSONResponse(body)


async def test_a_customer_gets_what_they_wrote_and_it_goes_when_they_wish(
    wordpress: Site, running_machine: Machine
) -> None:
    token = await wordpress.run(_TOKEN, "ben")
    async with Visitor(running_machine.stack.front_door, lambda: token) as ben:
        await ben.say("What is your return policy? My pigeon is called <b>Zebedee</b>.")
    told = await wordpress.run(_EXPORT, email_of("ben"))
    texts = [pair["value"] for item in told["data"] for pair in item["data"]]
    assert any("&lt;b&gt;Zebedee&lt;/b&gt;" in text for text in texts)
    assert told["done"] is True

    async def erased() -> bool:
        page = 0
        while True:
            page += 1
            step = await wordpress.run(_ERASE, email_of("ben"), page)
            if step["done"]:
                return bool(step["items_removed"])

    assert await erased()

    async def gone() -> bool:
        assert "Zebedee" not in str(await wordpress.run(_EXPORT, email_of("ben")))
        return True

    await eventually(gone, 20)


async def test_who_has_no_account_is_told_so(asking: Site, backend: StandIn) -> None:
    assert await asking.run(_EXPORT, "nobody@larch.example") == {"data": [], "done": True}
    step = await asking.run(_ERASE, "nobody@larch.example", 1)
    assert (step["items_removed"], step["items_retained"], step["done"]) == (False, False, True)
    assert "nobody with this address has an account" in step["messages"][0]
    assert backend.asked == []


async def test_the_eraser_looks_until_it_is_done(asking: Site, backend: StandIn) -> None:
    kept = {"erased": {"ticket": 2}, "kept": {"number": "The law wants it."}}
    backend.privacy.extend([erasure("running"), erasure("running"), erasure("done", tickets=kept)])
    steps = [await asking.run(_ERASE, email_of("ada"), page) for page in (1, 2, 3)]
    assert [step["done"] for step in steps] == [False, False, True]
    assert steps[-1]["items_removed"]
    assert steps[-1]["items_retained"]
    assert "The law wants it." in steps[-1]["messages"][0]
    subject = f"wp_{await asking.user_id('ada')}"
    begun = [body for path, body in backend.asked if path.endswith("/erase")]
    assert begun == [{"customer": subject}]


async def test_a_service_that_does_not_answer_is_named_as_unfinished(asking: Site, backend: StandIn) -> None:
    backend.privacy.extend([erasure("running"), erasure("running")])
    await asking.run(_ERASE, email_of("ada"), 1)
    last = await asking.run(_ERASE, email_of("ada"), 20)
    assert (last["done"], last["items_retained"]) == (True, True)
    assert "do not answer yet" in last["messages"][0]


@pytest.mark.parametrize("status", [401, 403, 500, 503])
async def test_a_backend_that_refuses_erases_nothing_and_says_so(asking: Site, backend: StandIn, status: int) -> None:
    backend.privacy.extend([problem(status, "dependency_down", "Not now.")] * 2)
    step = await asking.run(_ERASE, email_of("ada"), 1)
    assert (step["items_removed"], step["items_retained"], step["done"]) == (False, True, True)
    assert "nothing was erased" in step["messages"][0]
    assert "could not give out" in await asking.run(_EXPORT, email_of("ada"))


async def test_half_an_export_is_no_export(asking: Site, backend: StandIn) -> None:
    body = {"customer": "wp_1", "conversations": [], "records": [], "missing": ["tickets"]}
    backend.privacy.append(JSONResponse(body))
    assert "tickets" in await asking.run(_EXPORT, email_of("ada"))


async def test_a_backend_that_is_gone_keeps_what_it_has(wordpress: Site, settings: ChangeSettings) -> None:
    await settings(backend_url="http://127.0.0.1:9")
    step = await wordpress.run(_ERASE, email_of("ada"), 1)
    assert (step["items_removed"], step["items_retained"], step["done"]) == (False, True, True)


async def test_there_is_a_text_for_the_privacy_policy(wordpress: Site) -> None:
    async with wordpress.client("boss") as boss:
        guide = (await boss.get("/wp-admin/options-privacy.php?tab=policyguide")).text
    assert "aiguy_guest" in guide
