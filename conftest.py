"""Registers the fixtures that tests of all members share, and says which tests stay together when two workers run."""

import pytest

pytest_plugins = ["servicekit.testing.plugin"]


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The end-to-end tests share one running machine, so one worker has them all, and begins with them; of all others
    each file stays in one piece, for what its tests share.
    """
    for item in items:
        group = "end to end" if item.get_closest_marker("e2e") else str(item.path)
        item.add_marker(pytest.mark.xdist_group(group))
    items.sort(key=lambda item: item.get_closest_marker("e2e") is None)
