"""A link works for its file and its ten minutes; changed in any way it is refused, and it tells nobody's name."""

from urllib.parse import parse_qs, urlsplit, urlunsplit

import pytest
from pydantic import SecretStr

from billing.app import build
from billing.settings import Settings
from contracts.errors import ProblemCode
from contracts.tools.billing import GET_INVOICE_PDF
from servicekit.testing import FakeClock
from servicekit.testing.conformance import assert_problem
from servicekit.testing.tool_client import ToolClient, tool_service

pytestmark = pytest.mark.service


@pytest.fixture
async def link(service: ToolClient) -> str:
    """A good link to Ada's invoice, made now."""
    response = await service.call(GET_INVOICE_PDF, {"order_id": "ABC123"})
    url: str = response.json()["url"]
    return url


async def test_it_needs_no_token(service: ToolClient, link: str) -> None:
    assert (await service.http.get(link)).status_code == 200


async def test_it_does_not_say_whose_it_is(link: str) -> None:
    assert "ada" not in link.lower()
    assert "cust" not in link.lower()
    assert set(parse_qs(urlsplit(link).query)) == {"expires", "owner", "signature"}


async def test_two_files_of_one_customer_have_owners_that_cannot_be_compared(service: ToolClient, link: str) -> None:
    other = (await service.call(GET_INVOICE_PDF, {"order_id": "1234"})).json()["url"]
    assert _query(link)["owner"] != _query(other)["owner"]


async def test_it_works_until_its_last_second_and_then_is_gone(
    service: ToolClient, clock: FakeClock, link: str
) -> None:
    clock.advance(599)
    assert (await service.http.get(link)).status_code == 200
    clock.advance(1)
    assert_problem(await service.http.get(link), ProblemCode.LINK_EXPIRED)


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("signature", lambda old: old[:-1] + ("A" if old[-1] != "A" else "B")),
        ("signature", lambda old: old + "="),
        ("signature", lambda old: ""),
        ("signature", lambda old: "\u00e9" * 43),
        ("owner", lambda old: "0" * 64),
        ("owner", lambda old: old.upper()),
        ("expires", lambda old: str(int(old) + 600)),
        ("expires", lambda old: "0" + old),
        ("expires", lambda old: old + ".0"),
        ("expires", lambda old: "never"),
        ("expires", lambda old: "9" * 100),
        ("expires", lambda old: "\u0661"),
    ],
)
async def test_a_changed_link_is_refused(service: ToolClient, link: str, name: str, change: object) -> None:
    assert callable(change)
    query = _query(link)
    response = await service.http.get(_without_query(link), params={**query, name: change(query[name])})
    assert_problem(response, ProblemCode.FORBIDDEN)


async def test_the_signature_of_one_file_does_not_open_another(service: ToolClient, link: str) -> None:
    for number in ("INV-2026-0002", "INV-2026-9999", "INV-2026-0001.pdf", "..", "inv-2026-0001"):
        response = await service.http.get(link.replace("INV-2026-0001", number))
        assert_problem(response, ProblemCode.FORBIDDEN)


@pytest.mark.parametrize("missing", ["expires", "owner", "signature"])
async def test_a_link_with_a_part_missing_is_refused(service: ToolClient, link: str, missing: str) -> None:
    query = {name: value for name, value in _query(link).items() if name != missing}
    assert_problem(await service.http.get(_without_query(link), params=query), ProblemCode.INVALID_REQUEST)


async def test_an_expired_link_that_was_also_changed_only_says_that_it_is_wrong(
    service: ToolClient, clock: FakeClock, link: str
) -> None:
    clock.advance(3600)
    response = await service.http.get(link.replace("owner=", "owner=0"))
    assert_problem(response, ProblemCode.FORBIDDEN)


async def test_it_ends_when_the_invoice_changes_hands(service: ToolClient, link: str) -> None:
    async with service.kit.db.transaction() as connection:
        await connection.execute("UPDATE invoices SET customer_id = 'cust_ben' WHERE number = 'INV-2026-0001'")
    assert_problem(await service.http.get(link), ProblemCode.FORBIDDEN)


async def test_it_begins_with_the_public_address(settings: Settings, clock: FakeClock, service: ToolClient) -> None:
    public = settings.model_copy(update={"public_url": "https://shop.example/billing/"})
    async with tool_service(lambda kit: build(public, kit_factory=kit), clock) as elsewhere:
        response = await elsewhere.call(GET_INVOICE_PDF, {"order_id": "ABC123"})
    assert response.json()["url"].startswith("https://shop.example/billing/files/invoices/INV-2026-0001.pdf?expires=")


async def test_a_service_with_another_secret_refuses_it(settings: Settings, clock: FakeClock, link: str) -> None:
    other = settings.model_copy(update={"link_secret": SecretStr("another secret of thirty-two characters")})
    async with tool_service(lambda kit: build(other, kit_factory=kit), clock) as elsewhere:
        assert_problem(await elsewhere.http.get(link), ProblemCode.FORBIDDEN)


async def test_whoever_tries_too_many_links_is_told_to_wait(hurried: ToolClient, link: str) -> None:
    answers = [await hurried.http.get(link.replace("expires=", f"expires={n}")) for n in range(3)]
    assert [answer.status_code for answer in answers] == [403, 403, 429]


async def test_without_the_database_a_good_link_is_a_503(down: ToolClient, link: str) -> None:
    assert_problem(await down.http.get(link), ProblemCode.DEPENDENCY_DOWN)


def _query(link: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(link).query).items()}


def _without_query(link: str) -> str:
    return urlunsplit(urlsplit(link)._replace(query=""))


def test_where_real_customers_are_secret_and_address_must_be_given() -> None:
    given = {"environment": "production", "database_url": "postgresql://x"}
    for one in ({}, {"link_secret": "x" * 32}, {"public_url": "https://shop.example"}):
        with pytest.raises(ValueError, match="link_secret and public_url"):
            Settings.model_validate({**given, **one})


def test_a_short_secret_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 32"):
        Settings(database_url="postgresql://x", link_secret=SecretStr("short"))


def test_each_process_without_a_secret_makes_its_own() -> None:
    one, two = Settings(database_url="postgresql://x"), Settings(database_url="postgresql://x")
    assert one.link_secret != two.link_secret
    assert "link_secret=SecretStr('**********')" in repr(one)
