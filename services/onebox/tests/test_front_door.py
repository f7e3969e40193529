"""The door's configuration is written where the stack keeps its state; without its parts there is no door."""

from pathlib import Path

import pytest

from onebox.front_door import Parts, find_parts, write_door
from onebox.home import find_checkout
from onebox.ports import DEFAULT_PORTS

PLACES = {name: f"127.0.0.1:{port}" for name, port in DEFAULT_PORTS.items()}


@pytest.fixture
def parts(tmp_path: Path) -> Parts:
    checkout = find_checkout()
    assert checkout is not None
    return Parts(tmp_path / "nginx", checkout / "gateway")


def test_every_placeholder_gets_its_value_and_settings_of_the_user_count(parts: Parts, tmp_path: Path) -> None:
    command = write_door(parts, tmp_path / "state", "127.0.0.1:8090", PLACES, {"AIGUY_GATEWAY_RATE": "7r/s"})

    written = {file.name: file.read_text() for file in (tmp_path / "state").rglob("*.conf")}
    assert "${AIGUY_" not in "".join(written.values())
    assert "rate=7r/s" in written["clients.conf"]
    assert "listen 127.0.0.1:8090 default_server" in written["listen-plain.conf"]
    assert command[-1] == str(tmp_path / "state" / "nginx" / "nginx.conf")


def test_all_that_it_keeps_is_in_its_folder(parts: Parts, tmp_path: Path) -> None:
    write_door(parts, tmp_path / "state", "127.0.0.1:8090", PLACES, {})

    lines = (tmp_path / "state" / "nginx" / "nginx.conf").read_text().splitlines()
    kept = [
        line.split()[1].rstrip(";") for line in lines if line.strip().startswith(("pid", "error_log", "access_log"))
    ]
    kept += [line.split()[1].rstrip(";") for line in lines if "_temp_path" in line]
    assert len(kept) == 8
    assert all(path.startswith(str(tmp_path / "state")) for path in kept)


def test_a_placeholder_without_a_value_is_an_error(parts: Parts, tmp_path: Path) -> None:
    with pytest.raises(KeyError, match="AIGUY_GATEWAY_ORDERS"):
        write_door(parts, tmp_path, "127.0.0.1:8090", {"orchestrator": "127.0.0.1:8080"}, {})


def test_without_its_parts_or_when_it_is_not_wanted_there_is_no_door(parts: Parts, tmp_path: Path) -> None:
    assert not Parts(tmp_path / "no-nginx", parts.files, modules=tmp_path).complete()
    assert find_parts({"AIGUY_GATEWAY": "off"}) is None
