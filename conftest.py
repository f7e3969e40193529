"""Registers the fixtures that tests of all members share, and says in which order and on which worker tests run."""

import pytest

pytest_plugins = ["servicekit.testing.plugin"]

#: Takes about as long as all the others that share the running stack: it has a stack, and so a worker, of its own.
APART = "wordpress"


@pytest.hookimpl(tryfirst=True)  # xdist reads the groups in the same hook, once
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """One worker has all tests that share the running stack, another those of the WordPress site; other end-to-end
    tests stay together by folder, and all others by file, for what they share. What takes long begins first and what
    needs no server comes last, so that the workers end together.
    """
    ranks: dict[str, int] = {}
    for item in items:
        file, rank = str(item.path), _rank(item)
        groups = ("the running stack", APART, str(item.path.parent), file, file)
        item.add_marker(pytest.mark.xdist_group(groups[rank]))
        ranks[file] = min(rank, ranks.get(file, rank))
    items.sort(key=lambda item: ranks[str(item.path)])


def pytest_collection_finish(session: pytest.Session) -> None:
    """xdist writes a group into the id of its test, by an internal name of pytest's: without it nothing is grouped."""
    grouped = session.config.getoption("loadgroup", False) and hasattr(session.config, "workerinput")
    alone = [item.nodeid for item in session.items if "@" not in item.nodeid] if grouped else []
    if alone:
        raise pytest.UsageError(f"pytest-xdist has not grouped the tests, {alone[0]} for one: do their versions fit?")


def _rank(item: pytest.Item) -> int:
    """0: shares the running stack; 1: the site; 2: another end-to-end test; 3: needs a server; 4: needs none."""
    if item.path.parent.name == APART:
        return 1
    if "running_machine" in getattr(item, "fixturenames", ()):
        return 0
    return next((rank for rank, name in enumerate(("e2e", "service"), 2) if item.get_closest_marker(name)), 4)
