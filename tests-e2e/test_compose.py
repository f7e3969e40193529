"""The compose file holds what retrieval expects of a Qdrant server, and no secret."""

from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
import yaml

from retrieval.settings import Settings

FILE = Path(__file__).resolve().parents[1] / "docker-compose.yml"


@pytest.fixture
def qdrant() -> dict[str, Any]:
    service: dict[str, Any] = yaml.safe_load(FILE.read_text("utf-8"))["services"]["qdrant"]
    return service


def test_the_image_is_the_official_one_of_a_version_that_our_client_talks_to(qdrant: dict[str, Any]) -> None:
    name, tag = qdrant["image"].split(":")
    major, minor, _patch = tag.removeprefix("v").removesuffix("-unprivileged").split(".")
    ours = version("qdrant-client").split(".")
    assert (name, major) == ("qdrant/qdrant", ours[0])
    assert abs(int(minor) - int(ours[1])) <= 1  # beyond that the client warns that they do not fit


def test_it_is_out_of_reach_from_outside_and_its_key_stays_outside_the_file(qdrant: dict[str, Any]) -> None:
    assert qdrant["ports"] == ["127.0.0.1:6333:6333"]
    assert not [name for name in qdrant["environment"] if "KEY" in name]
    secret = yaml.safe_load(FILE.read_text("utf-8"))["secrets"][qdrant["secrets"][0]["source"]]
    assert secret["file"].startswith("${AIGUY_QDRANT_CONFIG:-./secrets/")


def test_its_comments_name_settings_that_retrieval_has() -> None:
    for name in ("qdrant_url", "qdrant_api_key"):
        assert name in Settings.model_fields
        assert f"AIGUY_{name.upper()}" in FILE.read_text("utf-8")
