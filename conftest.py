"""Registers the fixtures that tests of all members share, and says in which order and on which worker tests run."""

import pytest

pytest_plugins = ["servicekit.testing.plugin"]


@pytest.hookimpl(tryfirst=True)  # xdist reads the groups in the same hook, once
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """One worker has all tests that share the running stack; other end-to-end tests stay together by folder, and all
    others by file, for what they share. What takes long begins first and what needs no server comes last, so that two
    workers end together.
    """
    ranks: dict[str, int] = {}
    for item in items:
        file, rank = str(item.path), _rank(item)
        groups = ("the running stack", str(item.path.parent), file, file)
        item.add_marker(pytest.mark.xdist_group(groups[rank]))
        ranks[file] = min(rank, ranks.get(file, rank))
    items.sort(key=lambda item: ranks[str(item.path)])


def _rank(item: pytest.Item) -> int:
    """0: shares the running stack; 1: another end-to-end test; 2: needs a server; 3: needs none."""
    if "running_machine" in getattr(item, "fixturenames", ()):
        return 0
    return next((rank for rank, name in enumerate(("e2e", "service"), 1) if item.get_closest_marker(name)), 3)
