"""The widget's script as pages load it: whole, from anywhere, kept for minutes, and asked for anew by its tag."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from types import SimpleNamespace

import httpx
import pytest
import pytest_asyncio
from fastapi import FastAPI

from orchestrator.api.embed import SCRIPT, embed_router
from servicekit.errors import install_problem_handlers

CODE = b'customElements.define("aiguy-chat", class extends HTMLElement {});\n'
Get = Callable[..., Awaitable[httpx.Response]]


async def _nothing(*_: object) -> None: ...


@pytest_asyncio.fixture
async def get(tmp_path: Path) -> AsyncIterator[Get]:
    """`get(path, **headers)` at an app that serves the widget of a folder of the test's own."""
    app = FastAPI()
    app.state.rates = SimpleNamespace(spend=_nothing)
    app.state.kit = SimpleNamespace(verifier=SimpleNamespace(verify=_nothing))
    install_problem_handlers(app)
    app.include_router(embed_router(tmp_path))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://service") as http:
        yield lambda path, **headers: http.get(path, headers=headers)


@pytest.fixture
def built(tmp_path: Path) -> Path:
    """The script, as the widget's build leaves it."""
    file = tmp_path / SCRIPT
    file.write_bytes(CODE)
    return file


async def test_the_script_is_served_to_pages_of_any_origin(get: Get, built: Path) -> None:
    answer = await get(f"/widget/{SCRIPT}")
    assert (answer.status_code, answer.content) == (200, CODE)
    assert answer.headers["content-type"].startswith("text/javascript")
    assert answer.headers["cache-control"] == "public, max-age=300"
    assert answer.headers["cross-origin-resource-policy"] == "cross-origin"


@pytest.mark.parametrize("sent", ["{}", "W/{}", '"other", {}'])
async def test_who_has_it_gets_no_second_copy(get: Get, built: Path, sent: str) -> None:
    tag = (await get(f"/widget/{SCRIPT}")).headers["etag"]
    answer = await get(f"/widget/{SCRIPT}", **{"if-none-match": sent.format(tag)})
    assert (answer.status_code, answer.content, answer.headers["etag"]) == (304, b"", tag)


async def test_who_has_an_older_one_gets_the_new_one(get: Get, built: Path) -> None:
    tag = (await get(f"/widget/{SCRIPT}")).headers["etag"]
    await asyncio.to_thread(built.write_bytes, CODE * 2)
    answer = await get(f"/widget/{SCRIPT}", **{"if-none-match": tag})
    assert (answer.status_code, answer.content) == (200, CODE * 2)


@pytest.mark.parametrize("name", ["aiguy-chat.js.map", "..%2Fembed.py", "secret.json"])
async def test_no_other_file_is_served(get: Get, built: Path, tmp_path: Path, name: str) -> None:
    (tmp_path / "secret.json").write_text("{}")
    answer = await get(f"/widget/{name}")
    assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")


async def test_a_script_that_was_not_built_is_a_plain_404(get: Get) -> None:
    answer = await get(f"/widget/{SCRIPT}")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


@pytest.mark.service
@pytest.mark.asyncio(loop_scope="module")
async def test_a_service_without_the_demonstration_serves_it_too(api) -> None:
    answer = await api.http.get(f"/widget/{SCRIPT}")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.status_code == 200 or answer.json()["detail"] == "The chat widget was not built."
