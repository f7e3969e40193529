"""A list of issuers of the user's own: whose customers the stack serves then, and what is said when it is wrong."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.responses import JSONResponse
from typer.testing import CliRunner

from onebox.cli import app
from onebox.environment import Addresses, service_environment
from onebox.home import HOME_VARIABLE, STATE, Home
from onebox.ports import DEFAULT_PORTS, ORCHESTRATOR, TOOL_SERVICES
from onebox.site import ISSUERS, SiteError, find_site
from onebox.stack import Stack, StackError
from servicekit.auth.keys import KeySet
from servicekit.testing.live import live_server

from .conftest import Heard

SHOP = {"iss": "https://shop.example", "jwks_url": "https://shop.example/wp-json/aiguy/v1/jwks"}
DOOR = {"iss": "https://door.example", "jwks_url": "https://door.example/jwks", "staff_of": "https://shop.example"}


def listed(folder: Path, *entries: Any) -> dict[str, str]:
    """The environment of somebody who wrote this list."""
    path = folder / "issuers.json"
    path.write_text(json.dumps(entries))
    return {"PATH": "/usr/bin", ISSUERS: str(path), "AIGUY_WEB_ORIGINS": '["https://shop.example"]'}


def told(environment: dict[str, str], tmp_path: Path) -> dict[str, str]:
    """What the orchestrator gets."""
    names = (ORCHESTRATOR, *TOOL_SERVICES)
    addresses = Addresses(
        DEFAULT_PORTS, dict.fromkeys(names, "postgresql://db"), dict.fromkeys(names, "redis://cache"), DEFAULT_PORTS
    )
    return service_environment(ORCHESTRATOR, addresses, Home(tmp_path / "home"), environment)


def test_without_a_list_the_demo_shop_is_served(tmp_path: Path) -> None:
    environment = told({}, tmp_path)

    assert find_site({}) is None
    assert environment[ISSUERS] == str(tmp_path / "home" / "keys" / "issuers.json")
    assert environment["AIGUY_DEMO"] == "1"


def test_a_list_of_the_users_own_takes_the_demos_place(tmp_path: Path) -> None:
    environment = listed(tmp_path, SHOP, DOOR)
    site = find_site(environment)

    assert site is not None
    assert site.name == "https://shop.example"
    given = told(environment, tmp_path)
    assert given[ISSUERS] == environment[ISSUERS]
    assert given["AIGUY_WEB_ORIGINS"] == '["https://shop.example"]'
    assert not {name for name in given if name.startswith("AIGUY_DEMO")}


def test_a_path_is_taken_from_where_the_user_stands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    listed(tmp_path, SHOP)
    monkeypatch.chdir(tmp_path)

    assert told({ISSUERS: "issuers.json"}, tmp_path)[ISSUERS] == str(tmp_path / "issuers.json")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (None, "cannot be read: No such file or directory"),
        ("[{]", "is no list like"),
        ("{}", "names no site"),
        ("[]", "names no site"),
        ("[1]", "is no list like"),
        ("7", "is no list like"),
        ('[{"jwks_url": "https://shop.example/jwks"}]', "lacks 'iss'"),
        ('[{"iss": "shop"}]', "exactly one key source"),
        ('[{"iss": "shop", "jwks_file": "keys.json"}]', "keys.json cannot be read: No such file or directory"),
        (json.dumps([SHOP, SHOP | {"iss": "https://other.example"}]), "one site"),
        (json.dumps([DOOR]), "names no issuer of customers"),
    ],
)  # fmt: skip
def test_a_list_that_cannot_be_used_is_refused_in_plain_words(tmp_path: Path, text: str | None, says: str) -> None:
    path = tmp_path / "issuers.json"
    if text is not None:
        path.write_text(text)

    with pytest.raises(SiteError, match=says) as caught:
        find_site({ISSUERS: str(path)})
    assert str(caught.value).startswith(f"{ISSUERS}: ")


async def test_with_a_list_that_cannot_be_used_nothing_is_started(tmp_path: Path) -> None:
    stack = Stack(Home(tmp_path / "home"), Heard(), {ISSUERS: str(tmp_path / "gone.json")})

    with pytest.raises(StackError, match=ISSUERS):
        await stack.start()
    assert not (tmp_path / "home").exists()


@pytest.fixture
def key_server() -> Iterator[str]:
    """A site whose addresses give keys, none, and no JSON."""
    server = FastAPI()
    server.get("/jwks")(lambda: KeySet.generate().jwks())
    server.get("/empty")(lambda: {"keys": []})
    server.get("/page")(lambda: JSONResponse("a page"))
    with live_server(server) as url:
        yield url


@pytest.mark.parametrize(
    ("path", "why"),
    [("/jwks", ""), ("/empty", "it has no usable key"), ("/page", "AttributeError"), ("/gone", "HTTP 404")],
)
async def test_keys_that_cannot_be_read_are_said_with_their_address(
    tmp_path: Path, key_server: str, path: str, why: str
) -> None:
    site = find_site(listed(tmp_path, SHOP | {"jwks_url": key_server + path}))

    assert site is not None
    told = await site.unread_keys()
    assert told == ([] if not why else [
        f"the keys of https://shop.example cannot be read at {key_server}{path} ({why}): it signs nobody in until then"
    ])  # fmt: skip


async def test_a_site_that_does_not_answer_yet_is_no_error(tmp_path: Path) -> None:
    site = find_site(listed(tmp_path, SHOP | {"jwks_url": "http://127.0.0.1:9/jwks"}))

    assert site is not None
    (told,) = await site.unread_keys()
    assert "(ConnectError)" in told


@pytest.mark.parametrize(
    "arguments",
    [["chat"], ["usage"], ["kb", "gaps"], ["privacy", "export", "--customer", "wp_1"],
     ["privacy", "erase", "--yes", "--customer", "wp_1"]],
    ids=" ".join,
)  # fmt: skip
def test_what_asks_as_a_person_of_the_demo_says_that_there_are_none(tmp_path: Path, arguments: list[str]) -> None:
    home = Home(tmp_path / STATE)
    home.create()
    home.write_running({"urls": {ORCHESTRATOR: "http://127.0.0.1:9"}, "site": "https://shop.example"})

    answer = CliRunner().invoke(app, arguments, env={HOME_VARIABLE: str(tmp_path)})

    assert answer.exit_code == 1
    assert answer.stdout == ""
    assert "https://shop.example" in answer.stderr
    assert "the demo's persons" in answer.stderr
