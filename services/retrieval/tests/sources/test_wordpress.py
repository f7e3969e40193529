"""WordPress: everything that is published, then what has changed; drafts never, deletions by comparison."""

import datetime as dt
from collections.abc import AsyncIterator, Iterator

import pytest

from retrieval.sources.port import End, Gone, Item, SourceFailed
from retrieval.sources.vouched import Vouched
from retrieval.sources.wordpress import WordPressSource
from retrieval.sources.wordpress.posts import without_shortcodes
from retrieval.sources.wordpress.rest import WordPressApi
from servicekit.http.httpx_client import HttpxClient
from servicekit.testing.faulty import UPSTREAM_SECRET, Fault, Faults

from .fake_wordpress import PASSWORD, USER, FakeWordPress, serve_wordpress
from .reading import documents, origins, read_all, refused, skipped


@pytest.fixture
def wordpress() -> Iterator[tuple[FakeWordPress, Faults]]:
    with serve_wordpress() as served:
        yield served


@pytest.fixture
def site(wordpress: tuple[FakeWordPress, Faults]) -> FakeWordPress:
    return wordpress[0]


@pytest.fixture
def faults(wordpress: tuple[FakeWordPress, Faults]) -> Faults:
    return wordpress[1]


@pytest.fixture
async def http() -> AsyncIterator[HttpxClient]:
    client = HttpxClient()
    yield client
    await client.close()


def _source(site: FakeWordPress, http: HttpxClient, *key: str, vouched: Vouched | None = None) -> WordPressSource:
    return WordPressSource(WordPressApi(site.base, http, *key, pause_s=0.0), "wordpress:test", vouched or Vouched())


def _cursor(items: list[Item]) -> str:
    end = items[-1]
    assert isinstance(end, End)
    return end.cursor


async def test_posts_pages_and_products_become_documents(site: FakeWordPress, http: HttpxClient) -> None:
    site.terms = {"categories": {3: "care"}, "product_tag": {8: "tents"}}
    site.put("posts", 7, "<!-- wp:paragraph --><p>Dry <b>it</b>.</p>[gallery]", categories=[3],
             title={"rendered": "Tents &amp; tarps &#8211; care"})  # fmt: skip
    site.put("pages", 2, "<h2>Costs</h2><p>Free from 50.</p>")
    site.put("product", 9, "<p>Two kilograms.</p>", product_tag=[8], excerpt={"rendered": "<p>A light tent.</p>"})
    items = await read_all(_source(site, http))
    found = documents(items)
    assert {place: (one.title, one.body) for place, one in found.items()} == {
        "posts:7": ("Tents & tarps – care", "Dry it."), "pages:2": ("Entry 2", "## Costs\n\nFree from 50."),
        "product:9": ("Entry 9", "A light tent.\n\nTwo kilograms."),
    }  # fmt: skip
    assert (found["posts:7"].tags, found["product:9"].tags) == (("care",), ("tents",))
    assert found["posts:7"].url == "https://shop.example/posts/7/"
    assert found["posts:7"].updated_at == dt.datetime(2026, 1, 1, 10, tzinfo=dt.UTC)


async def test_a_site_without_a_shop_has_no_products_and_that_is_said(site: FakeWordPress, http: HttpxClient) -> None:
    site.put("posts", 1, "<p>Text.</p>")
    items = await read_all(_source(site, http))
    assert skipped(items) == {f"{site.base} product": "does not exist on this site"}
    assert len(documents(items)) == 1


async def test_more_entries_than_one_answer_holds_are_all_read(site: FakeWordPress, http: HttpxClient) -> None:
    for number in range(1, 131):
        site.put("posts", number, f"<p>Text {number}.</p>")
    assert len(documents(await read_all(_source(site, http)))) == 130


async def test_the_next_run_reads_only_what_was_modified(site: FakeWordPress, http: HttpxClient) -> None:
    site.put("posts", 1, "<p>Old.</p>", "2026-01-01T10:00:00")
    site.put("posts", 2, "<p>Old too.</p>", "2026-01-02T10:00:00")
    site.put("posts", 3, "<p>The newest, read twice.</p>", "2026-01-05T10:00:00")
    first = await read_all(_source(site, http))
    site.put("posts", 1, "<p>New.</p>", "2026-01-06T10:00:00")
    second = await read_all(_source(site, http), origins(first), _cursor(first))
    assert documents(second).keys() == {"posts:1", "posts:3"}
    assert documents(second)["posts:1"].body == "New."
    asked = [one["modified_after"] for one in site.asked if one["kind"] == "posts" and "modified_after" in one]
    assert asked == ["2026-01-05T09:00:00Z"]
    assert second[-1] == End(full_set=False, cursor=_cursor(second))
    assert _cursor(second) != _cursor(first)


async def test_other_options_read_everything_again(site: FakeWordPress, http: HttpxClient) -> None:
    site.put("posts", 1, "<p>Text.</p>")
    first = await read_all(_source(site, http))
    source = _source(site, http, vouched=Vouched(tags=("blog",)))
    assert documents(await read_all(source, origins(first), _cursor(first)))["posts:1"].tags == ("blog",)


async def test_an_entry_that_is_published_with_an_old_date_is_found(site: FakeWordPress, http: HttpxClient) -> None:
    site.put("posts", 1, "<p>Text.</p>", "2026-01-05T10:00:00")
    first = await read_all(_source(site, http))
    site.put("posts", 2, "<p>Dated back.</p>", "2020-01-01T10:00:00")
    assert "posts:2" in documents(await read_all(_source(site, http), origins(first), _cursor(first)))


@pytest.mark.parametrize("status", ["trash", "draft", "private", "future"])
async def test_what_is_no_longer_published_is_gone(site: FakeWordPress, http: HttpxClient, status: str) -> None:
    site.put("posts", 1, "<p>One.</p>")
    site.put("posts", 2, "<p>Two.</p>")
    first = await read_all(_source(site, http))
    site.entries["posts"][2]["status"] = status
    assert Gone("posts:2") in await read_all(_source(site, http), origins(first), _cursor(first))


async def test_a_site_that_shows_nothing_any_more_deletes_nothing(site: FakeWordPress, http: HttpxClient) -> None:
    site.put("posts", 1, "<p>One.</p>")
    first = await read_all(_source(site, http))
    site.entries["posts"].clear()
    second = await read_all(_source(site, http), origins(first), _cursor(first))
    assert not [item for item in second if isinstance(item, Gone)]
    assert "nothing was deleted" in second[-1].note  # type: ignore[union-attr]


async def test_drafts_and_protected_entries_are_never_stored(site: FakeWordPress, http: HttpxClient) -> None:
    site.put("posts", 1, "<p>Draft.</p>", status="draft")
    site.put("posts", 2, "", content={"rendered": "", "protected": True})
    items = await read_all(_source(site, http))
    assert documents(items) == {}
    assert skipped(items)["https://shop.example/posts/2/"] == "is protected by a password"
    assert all(one.get("status", "publish") == "publish" for one in site.asked)


async def test_an_entry_that_loses_its_text_is_reported(site: FakeWordPress, http: HttpxClient) -> None:
    site.put("posts", 1, "<p>Text.</p>")
    first = await read_all(_source(site, http))
    site.put("posts", 1, "<img src='a.png'>", "2026-02-01T10:00:00")
    assert refused(await read_all(_source(site, http), origins(first), _cursor(first))) == {"posts:1": "has no text"}


async def test_a_closed_site_is_read_with_an_application_password(site: FakeWordPress, http: HttpxClient) -> None:
    site.closed = True
    site.put("posts", 1, "<p>Text.</p>")
    assert documents(await read_all(_source(site, http, USER, PASSWORD)))
    for key in ((), (USER, "wrong")):
        with pytest.raises(SourceFailed, match="AIGUY_WORDPRESS_APP_PASSWORD"):
            await read_all(_source(site, http, *key))


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (Fault.status(401), "AIGUY_WORDPRESS_USER"), (Fault.status(403), "AIGUY_WORDPRESS_USER"),
        (Fault.status(429, {"retry-after": "0"}), "left alone"), (Fault.status(500), "error of its own"),
        (Fault.status(503), "error of its own"), (Fault.garbage(), "not JSON"),
        (Fault(200, {"content-type": "text/html"}, b"<html>Maintenance</html>"), "not JSON"),
        (Fault(200, {"content-type": "application/json"}, b'{"a": 1}'), "as WordPress does"),
        (Fault(200, {"content-type": "application/json", "content-length": "99"}, b'[{"id": 1'), "itself|its own|JSON"),
    ],
    ids=["401", "403", "429", "500", "503", "broken", "html", "object", "truncated"],
)  # fmt: skip
async def test_what_goes_wrong_is_said_in_our_words(
    site: FakeWordPress, faults: Faults, http: HttpxClient, fault: Fault, said: str
) -> None:
    faults.next(*[fault] * 3)
    with pytest.raises(SourceFailed, match=said) as failed:
        await read_all(_source(site, http))
    assert UPSTREAM_SECRET not in str(failed.value)


@pytest.mark.parametrize("fault", [Fault.status(503), Fault.status(429, {"retry-after": "0"})], ids=["503", "429"])
async def test_what_passes_by_itself_is_tried_again(
    site: FakeWordPress, faults: Faults, http: HttpxClient, fault: Fault
) -> None:
    site.put("posts", 1, "<p>Text.</p>")
    faults.next(fault, fault)
    assert documents(await read_all(_source(site, http)))


async def test_a_missing_api_is_no_empty_site(site: FakeWordPress, faults: Faults, http: HttpxClient) -> None:
    site.put("posts", 1, "<p>Text.</p>")
    first = await read_all(_source(site, http))
    faults.next(*[Fault.status(404)] * 9)
    with pytest.raises(SourceFailed, match="has neither posts nor pages"):
        await read_all(_source(site, http), origins(first), _cursor(first))


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ('[contact-form-7 id="5"]', ""), ("[gallery]", ""), ("[vc_row]Text[/vc_row]", "Text"), ("[b]bold[/b]", "bold"),
        ('[button url="/a"]Buy[/button]', "Buy"), ("Sizes [optional] and [1]", "Sizes [optional] and [1]"),
        ("[" * 50_000, "[" * 50_000),
    ],
    ids=lambda text: text[:20],
)  # fmt: skip
def test_shortcodes_are_removed_and_words_in_brackets_stay(text: str, left: str) -> None:
    assert without_shortcodes(text) == left
