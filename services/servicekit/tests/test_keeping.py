"""The garbage collector of a service."""

import gc
from collections.abc import Iterator

import pytest
from fastapi import FastAPI

from servicekit.keeping import LOOKS_AFTER, keep_what_starts


@pytest.fixture
def collector() -> Iterator[None]:
    """The process's own collector as it was, afterwards."""
    before = gc.get_threshold()
    yield
    gc.set_threshold(*before)
    gc.unfreeze()


@pytest.mark.usefixtures("collector")
async def test_what_stands_after_the_start_is_left_alone_and_the_rest_looked_at_less_often() -> None:
    app = FastAPI()
    keep_what_starts(app)
    before = gc.get_threshold()
    async with app.router.lifespan_context(app):
        assert gc.get_freeze_count() > 10_000
        assert gc.get_threshold() == (LOOKS_AFTER, *before[1:])
        assert gc.isenabled()
