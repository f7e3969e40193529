"""Staff decide in wp-admin: what the shop's customer waits for goes on, and nobody decides about their own wish."""

import secrets
from typing import Any

import httpx
import pytest

from e2e.approving import confirmed
from e2e.machine import Machine
from e2e.visitor import Turn, Visitor

from .conftest import ChangeSettings
from .desk import Desk, at_desk
from .goods import Order, sell
from .site import Site

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]
_TOKEN = r"return \AIGuy\Chat\Tokens::for_visitor(\AIGuy\Chat\Visitor::of_user(get_user_by('login', $arguments[0])));"
_NEW_USER = "return wp_insert_user(['user_login' => $arguments[0], 'user_pass' => wp_generate_password(),"
_NEW_USER += (
    "'user_email' => $arguments[0] . '@larch.example', 'display_name' => 'Nora Lind', 'role' => $arguments[1]]);"
)


async def buyer(site: Site, machine: Machine, role: str) -> tuple[str, str]:
    """A new user of the site with a paid order: their login and the order's number."""
    login, number = f"nora{secrets.token_hex(4)}", f"WPN{secrets.randbelow(10**6):06}"
    user_id = await site.run(_NEW_USER, login, role)
    await sell(machine, f"wp_{user_id}", login, [Order(number, "Ridgeline tent", 90_000)])
    return login, number


async def asked(site: Site, machine: Machine, login: str, number: str) -> tuple[Visitor, Turn]:
    """They want $200 back and wait for staff."""
    token = await site.run(_TOKEN, login)
    visitor = Visitor(machine.stack.front_door, lambda: token)
    return visitor, await confirmed(visitor, number, 200)


async def card_of(desk: Desk, turn: Turn) -> dict[str, Any]:
    answer = await desk.call("GET", "/approvals")
    assert answer.status_code == httpx.codes.OK, answer.text
    return next(card for card in answer.json()["approvals"] if card["turn_id"] == turn.turn_id)


def decision(card: dict[str, Any], approved: bool = True, notes: str = "") -> dict[str, Any]:
    return {name: card[name] for name in ("conversation_id", "turn_id", "digest")} | {
        "approved": approved, "notes": notes,
    }  # fmt: skip


async def test_a_colleague_approves_and_the_customer_gets_the_money(wordpress: Site, running_machine: Machine) -> None:
    visitor, turn = await asked(wordpress, running_machine, *await buyer(wordpress, running_machine, "customer"))
    async with visitor, at_desk(wordpress, "kim") as kim:
        card = await card_of(kim, turn)
        assert (card["money"], card["customer"], card["approved_by"]) == ("200.00 USD", "Nora Lind", [])
        done = await kim.call("POST", "/approvals", decision(card, notes="Seen; ' OR 1=1 -- is fine here."))
        assert (done.status_code, done.json()) == (200, {"approvals_missing": 0})
        await visitor.follow(turn, to_end=True)
        assert turn.outcome == "answered"
        again = await kim.call("POST", "/approvals", decision(card))
        assert (again.status_code, again.json()["code"]) == (409, "already_decided")


async def test_who_asked_does_not_decide_though_they_are_staff(wordpress: Site, running_machine: Machine) -> None:
    login, number = await buyer(wordpress, running_machine, "shop_manager")
    visitor, turn = await asked(wordpress, running_machine, login, number)
    async with visitor, at_desk(wordpress, login) as nora, at_desk(wordpress, "lee") as lee:
        card = await card_of(nora, turn)
        own = await nora.call("POST", "/approvals", decision(card))
        assert (own.status_code, own.json()["code"]) == (403, "forbidden")
        denied = await lee.call("POST", "/approvals", decision(card, approved=False))
        assert denied.status_code == httpx.codes.OK
        await visitor.follow(turn, to_end=True)
        assert "Receipt" not in turn.end["links"]


async def test_customers_and_strangers_see_and_decide_nothing(wordpress: Site) -> None:
    card = {"conversation_id": "cnv_" + "0" * 32, "turn_id": "trn_" + "0" * 32, "digest": "0" * 64}
    async with at_desk(wordpress, "ada") as ada:
        assert (await ada.call("GET", "/approvals")).status_code == httpx.codes.FORBIDDEN
        assert (await ada.call("POST", "/approvals", decision(card))).status_code == httpx.codes.FORBIDDEN
        assert (await ada.http.get("/wp-admin/admin.php?page=aiguy-approvals")).status_code == httpx.codes.FORBIDDEN
    async with wordpress.client("kim") as without_nonce, wordpress.client() as guest:
        for somebody in (without_nonce, guest):
            assert (await somebody.get(wordpress.rest("/approvals"))).status_code == httpx.codes.UNAUTHORIZED
            answer = await somebody.post(wordpress.rest("/approvals"), json=decision(card))
            assert answer.status_code == httpx.codes.UNAUTHORIZED


@pytest.mark.parametrize(
    "wrong",
    [
        {"turn_id": "../../x"},
        {"digest": "0"},
        {"approved": "perhaps"},
        {"notes": "x" * 1001},
        {"conversation_id": ["cnv"]},
    ],
)
async def test_a_decision_of_another_form_does_not_reach_the_backend(wordpress: Site, wrong: dict[str, Any]) -> None:
    card = {"conversation_id": "cnv_" + "0" * 32, "turn_id": "trn_" + "0" * 32, "digest": "0" * 64}
    async with at_desk(wordpress, "kim") as kim:
        answer = await kim.call("POST", "/approvals", decision(card) | wrong)
        assert (answer.status_code, answer.json()["code"]) == (400, "rest_invalid_param")
        unknown = await kim.call("POST", "/approvals", decision(card))
        assert unknown.status_code == httpx.codes.NOT_FOUND


async def test_the_menu_says_how_many_wait(wordpress: Site, running_machine: Machine) -> None:
    visitor, turn = await asked(wordpress, running_machine, *await buyer(wordpress, running_machine, "customer"))
    async with visitor, at_desk(wordpress, "kim") as kim:
        card = await card_of(kim, turn)
        waiting = (await kim.call("GET", "/approvals")).json()["count"]
        assert f"count-{waiting} aiguy-count" in (await kim.http.get("/wp-admin/index.php")).text
        await kim.call("POST", "/approvals", decision(card, approved=False))
        assert f"count-{waiting - 1} aiguy-count" in (await kim.http.get("/wp-admin/index.php")).text


async def test_without_its_backend_the_admin_area_works_and_says_so(wordpress: Site, settings: ChangeSettings) -> None:
    await settings(backend_url="http://127.0.0.1:9")
    await wordpress.run("delete_transient('aiguy_approvals_count');")
    async with at_desk(wordpress, "kim") as kim:
        assert (await kim.http.get("/wp-admin/index.php")).status_code == httpx.codes.OK
        answer = await kim.call("GET", "/approvals")
        assert (answer.status_code, answer.json()["retryable"]) == (503, True)


_MAY = "return user_can(get_user_by('login', $arguments[0]), 'aiguy_decide_approvals');"


async def test_who_is_staff_is_what_wp_config_says_at_that_moment(wordpress: Site) -> None:
    wordpress.constants(AIGUY_STAFF_ROLES=["administrator"])
    try:
        async with at_desk(wordpress, "kim") as kim:
            assert (await kim.call("GET", "/approvals")).status_code == httpx.codes.FORBIDDEN
        assert await wordpress.run(_MAY, "boss")
    finally:
        wordpress.constants()
    async with at_desk(wordpress, "kim") as kim:
        assert (await kim.call("GET", "/approvals")).status_code == httpx.codes.OK


async def test_a_role_that_comes_later_has_its_rights_and_roles_keep_none(
    wordpress: Site, settings: ChangeSettings
) -> None:
    await settings(staff_roles=["administrator", "shop_manager", "test_helper"])
    login = f"nora{secrets.token_hex(4)}"
    await wordpress.run("add_role('test_helper', 'Helper', ['read' => true]);")
    try:
        await wordpress.run(_NEW_USER, login, "test_helper")
        assert await wordpress.run(_MAY, login)
        assert "aiguy" not in str(await wordpress.run("return wp_roles()->roles;"))
        await wordpress.run("get_role('customer')->add_cap('aiguy_decide_approvals');")
        assert not await wordpress.run(_MAY, "ada")
        await wordpress.run(r"\AIGuy\Chat\Lifecycle::activate();")
        assert "aiguy" not in str(await wordpress.run("return wp_roles()->roles;"))
    finally:
        await wordpress.run("remove_role('test_helper');")
