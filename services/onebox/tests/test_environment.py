"""What each process is told, and what it is not."""

import json
import socket
from collections.abc import Iterator
from dataclasses import replace
from importlib import import_module
from pathlib import Path

import pytest

from onebox.environment import Addresses, service_environment
from onebox.home import Home, find_checkout, find_home
from onebox.ports import DEFAULT_PORTS, GATEWAY, ORCHESTRATOR, TOOL_SERVICES, choose_ports
from onebox.site import ISSUERS
from servicekit.embedded.ports import PortClaims
from servicekit.settings import ServiceSettings

USER = {
    "PATH": "/usr/bin",
    "HOME": "/home/ada",
    "AIGUY_LLM_MODEL": "openai/small",
    "AIGUY_LLM_API_KEY": "sk-secret",
    "AIGUY_LOG_LEVEL": "debug",
    "AWS_SECRET_ACCESS_KEY": "not ours",
    "AIGUY_DATABASE_URL": "postgresql://admin:pw@db/postgres",
}


class Heard:
    """A report that remembers its notes."""

    def __init__(self) -> None:
        self.notes: list[str] = []

    def done(self, name: str, detail: str, ms: float) -> None:
        """Not of interest here."""

    def note(self, text: str) -> None:
        """Remember it."""
        self.notes.append(text)

    def trouble(self, text: str) -> None:
        """Not of interest here."""


@pytest.fixture
def addresses() -> Addresses:
    names = (ORCHESTRATOR, *TOOL_SERVICES)
    return Addresses(
        ports=DEFAULT_PORTS,
        databases={name: f"postgresql://aiguy_{name}@db/aiguy_{name}" for name in names},
        redis=dict.fromkeys(names, "redis://cache"),
        tool_ports={name: DEFAULT_PORTS[name] for name in TOOL_SERVICES} | {"orders": 9999},
    )


def told(name: str, addresses: Addresses, tmp_path: Path) -> dict[str, str]:
    return service_environment(name, addresses, Home(tmp_path), USER)


def test_only_the_orchestrator_is_given_the_key_of_the_model(addresses: Addresses, tmp_path: Path) -> None:
    assert told(ORCHESTRATOR, addresses, tmp_path)["AIGUY_LLM_API_KEY"] == "sk-secret"
    for name in TOOL_SERVICES:
        assert "sk-secret" not in told(name, addresses, tmp_path).values()


@pytest.mark.parametrize("name", [ORCHESTRATOR, *TOOL_SERVICES])
def test_every_service_gets_its_own_database_and_nothing_of_the_users_secrets(
    name: str, addresses: Addresses, tmp_path: Path
) -> None:
    environment = told(name, addresses, tmp_path)

    assert environment["AIGUY_DATABASE_URL"] == f"postgresql://aiguy_{name}@db/aiguy_{name}"
    assert environment["AIGUY_LOG_LEVEL"] == "debug"
    assert "not ours" not in environment.values()
    assert not any("admin:pw" in value for value in environment.values())


@pytest.mark.parametrize("name", [ORCHESTRATOR, *TOOL_SERVICES])
def test_every_setting_of_a_service_reaches_it(name: str, addresses: Addresses, tmp_path: Path) -> None:
    fields = import_module(f"{name}.settings").Settings.model_fields.keys() - ServiceSettings.model_fields.keys()
    # On one machine the orchestrator is its own worker: nobody may switch that off.
    variables = {f"AIGUY_{field.upper()}" for field in fields - {"worker"}}
    # A list of issuers of the user's own switches the demo off.
    own = service_environment(name, addresses, Home(tmp_path), dict.fromkeys(variables, "mine"))
    demo = service_environment(name, addresses, Home(tmp_path), dict.fromkeys(variables - {ISSUERS}, "mine"))
    environment = own.keys() | demo.keys()

    assert {one for one in variables if one not in environment and f"{one}_FILE" not in environment} == set()


def test_only_billing_can_sign_links(addresses: Addresses, tmp_path: Path) -> None:
    holders = [name for name in DEFAULT_PORTS if "AIGUY_LINK_SECRET_FILE" in told(name, addresses, tmp_path)]

    assert holders == ["billing"]


def test_customers_open_billings_links_by_the_door_where_there_is_one(addresses: Addresses, tmp_path: Path) -> None:
    behind = replace(addresses, ports={**DEFAULT_PORTS, GATEWAY: 8090})
    chosen = service_environment("billing", behind, Home(tmp_path), {"AIGUY_PUBLIC_URL": "https://shop.example/aiguy"})

    assert told("billing", addresses, tmp_path)["AIGUY_PUBLIC_URL"] == "http://127.0.0.1:8082"
    assert told("billing", behind, tmp_path)["AIGUY_PUBLIC_URL"] == "http://127.0.0.1:8090"
    assert chosen["AIGUY_PUBLIC_URL"] == "https://shop.example/aiguy"


def test_the_orchestrator_reaches_a_tool_service_through_its_proxy(addresses: Addresses, tmp_path: Path) -> None:
    urls = json.loads(told(ORCHESTRATOR, addresses, tmp_path)["AIGUY_TOOL_URLS"])

    assert urls["orders"] == "http://127.0.0.1:9999"
    assert urls["billing"] == "http://127.0.0.1:8082"


@pytest.fixture
def claims() -> Iterator[PortClaims]:
    mine = PortClaims()
    yield mine
    mine.release()


def test_a_port_that_is_taken_is_replaced_and_the_reason_told(claims: PortClaims) -> None:
    heard = Heard()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ports = choose_ports(heard, claims, {"AIGUY_TICKETS_PORT": str(port)})

    assert ports["tickets"] != port
    assert len(set(ports.values())) == len(DEFAULT_PORTS)
    assert any(f"port {port} is taken: tickets listens on" in note for note in heard.notes)


def test_two_stacks_that_start_at_once_share_no_port(claims: PortClaims) -> None:
    """Neither listens yet: both would find the usual ports free, and one would talk to the other's services."""
    heard, others = Heard(), PortClaims()
    try:
        first = choose_ports(heard, claims, {})
        second = choose_ports(heard, others, {})
        others.release()
        claims.release()
        third = choose_ports(heard, others, {})
    finally:
        others.release()

    assert not set(first.values()) & set(second.values())
    assert third == first


def test_the_state_is_kept_where_the_user_says_else_in_the_checkout(tmp_path: Path) -> None:
    assert find_home(environment={"AIGUY_HOME": str(tmp_path)}).root == tmp_path / "onebox"
    checkout = find_checkout()
    assert checkout is not None
    assert find_home(environment={}).root == checkout / "var" / "onebox"
