"""Staging and production share nothing that one could harm the other by."""

import re

from .rendered import Overlay

HOST = re.compile(r"[a-z0-9.-]+\.shop\.example")
NETWORK = re.compile(r"10\.\d+\.0\.0/16")


def words(overlay: Overlay, pattern: re.Pattern[str]) -> set[str]:
    """All that the pattern finds in an overlay."""
    return set(pattern.findall(str(overlay.documents)))


def test_they_share_no_secret(overlays: dict[str, Overlay]) -> None:
    staging, production = overlays["staging"], overlays["production"]

    for one, other in ((staging, production), (production, staging)):
        names = {name for pod in one.pods for name in pod.secrets}
        assert names
        assert not names & {name for pod in other.pods for name in pod.secrets}
        assert all(name.startswith(f"{one.name}-") for name in names)
    (here,), (there,) = staging.of("SecretStore"), production.of("SecretStore")
    for key in ("server", "path"):
        assert here["spec"]["provider"]["vault"][key] != there["spec"]["provider"]["vault"][key]
    roles = [one["spec"]["provider"]["vault"]["auth"]["kubernetes"]["role"] for one in (here, there)]
    assert len(set(roles)) == 2


def test_they_share_no_host_and_no_network(overlays: dict[str, Overlay]) -> None:
    for pattern in (HOST, NETWORK):
        staging, production = (words(overlays[name], pattern) for name in ("staging", "production"))
        assert staging
        assert production
        assert not staging & production


def test_each_says_what_it_is(overlay: Overlay) -> None:
    told = {pod.environment["AIGUY_ENVIRONMENT"] for pod in overlay.pods if pod.service}

    assert told == {overlay.name}
