"""Whose tokens are believed: the customers of one site, and whoever signs in its staff."""

import json
from pathlib import Path
from typing import Any

import pytest

from orchestrator.app import build
from orchestrator.settings import Settings, load_issuers
from servicekit.auth.keys import KeySet
from servicekit.crypto import Keyring

SHOP = {"iss": "shop", "jwks_url": "https://shop.example/jwks.json"}
OTHER = SHOP | {"iss": "other-shop"}
DOOR = SHOP | {"iss": "staff-door", "staff_of": "shop"}


def listed(folder: Path, *entries: dict[str, Any]) -> Path:
    path = folder / "issuers.json"
    path.write_text(json.dumps(entries))
    return path


def test_one_site_has_customers_and_any_number_of_doors_for_staff(tmp_path: Path) -> None:
    found = load_issuers(listed(tmp_path, DOOR, SHOP, DOOR | {"iss": "back-door"}))
    assert [(one.iss, one.staff_of) for one in found] == [
        ("staff-door", "shop"), ("shop", None), ("back-door", "shop"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("entries", "why"),
    [
        ((SHOP, OTHER), "one site"),
        ((SHOP, OTHER, DOOR), "one site"),
        ((SHOP, DOOR | {"staff_of": "other-shop"}), "staff_of"),
        ((SHOP, DOOR | {"staff_of": ""}), "staff_of"),
        ((SHOP, DOOR, OTHER | {"staff_of": "staff-door"}), "staff_of"),
        ((DOOR,), "staff_of"),
        ((DOOR | {"staff_of": "staff-door"},), "staff_of"),
        ((SHOP, SHOP | {"jwks_url": "https://other.example/jwks.json"}), "twice"),
        ((SHOP, SHOP | {"staff_of": "shop"}), "twice"),
    ],
    ids=[
        "two sites", "two sites and a door", "a door to nowhere", "a door to nothing", "a door to a door",
        "a door without a site", "a door to itself", "twice", "twice, once for staff",
    ],
)  # fmt: skip
def test_a_list_that_leaves_open_whose_customer_somebody_is_is_refused(tmp_path: Path, entries: Any, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        load_issuers(listed(tmp_path, *entries))


def test_a_stack_that_believes_two_sites_does_not_start(tmp_path: Path) -> None:
    """Their customers may share a subject, and the tool services know nothing else of a customer."""
    KeySet.generate().save(tmp_path / "signing.json")
    (tmp_path / "master.json").write_text(Keyring.generate().to_json())
    settings = Settings(
        environment="test", database_url="postgresql://nowhere/none", master_key_file=tmp_path / "master.json",
        signing_keys=tmp_path / "signing.json", issuers_file=listed(tmp_path, SHOP, OTHER),
    )  # fmt: skip
    with pytest.raises(ValueError, match="one site"):
        build(settings)
