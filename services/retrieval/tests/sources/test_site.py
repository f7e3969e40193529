"""Crawling a site: polite, within its bounds, and cheap when nothing has changed."""

import gzip
import ipaddress
import socket
import time
from collections.abc import Iterator

import pytest
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from retrieval.sources.port import End, Gone, Item, Same, SourceFailed
from retrieval.sources.vouched import Vouched
from retrieval.sources.web import Fetcher, Politeness, SiteSource, site_name
from retrieval.sources.web.addresses import AddressGuard, AddressRefused, CheckedResolver
from retrieval.sources.web.fetcher import FetchFailed, FetchRefused, unpacked
from retrieval.sources.web.sitemap import parse_sitemap
from servicekit.testing import FakeClock

from .fake_site import FakePage, FakeSite, serve_site
from .reading import documents, origins, read_all, refused, skipped

LOOPBACK = AddressGuard((ipaddress.ip_network("127.0.0.0/8"),))
FAST = Politeness(interval_s=0.0, timeout_s=1.0, page_bytes=200_000, large_bytes=400_000)


@pytest.fixture
def site() -> Iterator[FakeSite]:
    with serve_site() as served:
        yield served


def _source(site: FakeSite, path: str = "/sitemap.xml", **more: object) -> SiteSource:
    start = URL(site.base + path)
    politeness = more.pop("politeness", FAST)
    hosts = frozenset((start.host or "", *more.pop("hosts", ())))  # type: ignore[misc]
    fetcher = Fetcher(start, hosts, more.pop("guard", LOOPBACK), politeness)  # type: ignore[arg-type]
    return SiteSource(start, "site:test", fetcher, FakeClock(), **more)  # type: ignore[arg-type]


async def _crawl(
    site: FakeSite, path: str = "/sitemap.xml", known: list[Item] | None = None, **more: object
) -> list[Item]:
    source = _source(site, path, **more)
    try:
        return await read_all(source, origins(known or []))
    finally:
        await source.close()


async def test_the_pages_of_a_sitemap_become_documents(site: FakeSite) -> None:
    site.page("/help/returns", "Thirty days.")
    site.sitemap("/help/returns", returns="2026-01-05")
    items = await _crawl(site)
    (found,) = documents(items).values()
    assert (found.url, found.title) == (f"{site.base}/help/returns", "Returns")
    assert found.body == "# Returns\n\nThirty days."
    assert found.updated_at.isoformat() == "2026-01-05T00:00:00+00:00"
    assert items[-1] == End(full_set=True)
    assert site.asked[-1]["user-agent"].startswith("aiguy-knowledge/")


async def test_the_root_of_a_site_leads_to_the_sitemaps_that_robots_txt_names(site: FakeSite) -> None:
    site.page("/a", "A.")
    site.page("/b", "B.")
    site.robots(f"User-agent: *\nAllow: /\nSitemap: {site.base}/maps/index.xml\n")
    site.sitemap("/maps/one.xml", "/maps/two.xml.gz", at="/maps/index.xml", index=True)
    site.sitemap("/a", at="/maps/one.xml")
    site.sitemap("/a", "/b", at="/maps/two.xml.gz", packed=True)
    assert len(documents(await _crawl(site, "/"))) == 2


async def test_without_a_line_in_robots_txt_the_usual_place_is_looked_at(site: FakeSite) -> None:
    site.page("/a", "A.")
    site.sitemap("/a")
    assert len(documents(await _crawl(site, "/"))) == 1


async def test_one_page_alone_is_read_and_deletes_nothing(site: FakeSite) -> None:
    site.page("/help/returns", "Thirty days.")
    items = await _crawl(site, "/help/returns")
    assert len(documents(items)) == 1
    assert items[-1] == End(full_set=False)


async def test_robots_txt_is_obeyed_under_our_own_name(site: FakeSite) -> None:
    site.robots("User-agent: aiguy-knowledge\nDisallow: /private\n\nUser-agent: *\nDisallow: /\n")
    site.page("/a", "A.")
    site.page("/private/b", "B.")
    site.sitemap("/a", "/private/b")
    items = await _crawl(site)
    assert list(documents(items)) == [f"{site.base}/a"]
    assert "robots.txt" in skipped(items)[f"{site.base}/private/b"]
    assert "/private/b" not in site.seen


async def test_a_robots_txt_that_cannot_be_read_closes_the_site(site: FakeSite) -> None:
    site.pages["/robots.txt"] = FakePage(b"", 503)
    site.sitemap("/a")
    with pytest.raises(SourceFailed, match=r"robots\.txt cannot be read"):
        await _crawl(site)
    assert site.seen == ["/robots.txt"]


async def test_requests_keep_the_distance_that_is_set_or_that_the_site_asks_for(site: FakeSite) -> None:
    site.robots("User-agent: *\nCrawl-delay: 0.2\n")
    site.page("/a", "A.")
    site.sitemap("/a")
    started = time.monotonic()
    await _crawl(site)
    assert time.monotonic() - started >= 0.2  # robots.txt at once, then the sitemap, then the page
    source = _source(site, politeness=Politeness(interval_s=0.3))
    started = time.monotonic()
    await read_all(source)
    await source.close()
    assert time.monotonic() - started >= 0.6


async def test_a_page_that_has_not_changed_costs_a_304(site: FakeSite) -> None:
    site.page("/a", "A.", etag='"1"')
    site.page("/b", "B.", last_modified="Mon, 05 Jan 2026 10:00:00 GMT")
    site.sitemap("/a", "/b")
    first = await _crawl(site)
    second = await _crawl(site, known=first)
    assert [type(item) for item in second[1:-1]] == [Same, Same]
    site.page("/a", "New.", etag='"2"')
    assert [one.body for one in documents(await _crawl(site, known=first)).values()] == ["# A\n\nNew."]


async def test_a_page_whose_lastmod_is_the_same_costs_nothing_at_all(site: FakeSite) -> None:
    site.page("/a", "A.")
    site.sitemap("/a", a="2026-01-05")
    first = await _crawl(site)
    site.seen.clear()
    second = await _crawl(site, known=first)
    assert isinstance(second[1], Same)
    assert "/a" not in site.seen
    site.sitemap("/a", a="2026-02-01")
    assert documents(await _crawl(site, known=first))


async def test_other_options_make_every_page_read_again(site: FakeSite) -> None:
    site.page("/a", "A.", etag='"1"')
    site.sitemap("/a", a="2026-01-05")
    first = await _crawl(site)
    assert documents(await _crawl(site, known=first, vouched=Vouched(tags=("tents",))))


@pytest.mark.parametrize("status", [404, 410])
async def test_a_page_that_is_gone_is_said_to_be_gone(site: FakeSite, status: int) -> None:
    site.pages["/a"] = FakePage(b"", status)
    site.sitemap("/a")
    assert Gone(f"{site.base}/a") in await _crawl(site)


@pytest.mark.parametrize("status", [401, 403, 500, 502])
async def test_a_page_that_cannot_be_read_is_reported(site: FakeSite, status: int) -> None:
    site.pages["/a"] = FakePage(b"", status)
    site.page("/b", "B.")
    site.sitemap("/a", "/b")
    items = await _crawl(site)
    assert str(status) in refused(items)[f"{site.base}/a"]
    assert len(documents(items)) == 1


async def test_a_site_that_is_down_ends_the_crawl(site: FakeSite) -> None:
    paths = [f"/{number}" for number in range(30)]
    for path in paths:
        site.pages[path] = FakePage(b"", 500)
    site.sitemap(*paths)
    with pytest.raises(SourceFailed, match="in a row"):
        await _crawl(site)
    assert len(site.seen) < 15


async def test_a_server_that_asks_for_patience_gets_it_once(site: FakeSite) -> None:
    site.pages["/a"] = FakePage(b"", 429, headers={"retry-after": "0"})
    site.sitemap("/a")
    assert "429" in refused(await _crawl(site))[f"{site.base}/a"]
    assert site.seen.count("/a") == 2


async def test_pages_and_redirects_to_other_sites_are_not_followed(site: FakeSite) -> None:
    site.pages["/a"] = FakePage(status=302, headers={"location": "https://other.example/a"})
    site.pages["/b"] = FakePage(status=301, headers={"location": "/c"})
    site.pages["/loop"] = FakePage(status=301, headers={"location": "/loop"})
    site.pages["/file"] = FakePage(status=301, headers={"location": "file:///etc/passwd"})
    site.page("/c", "C.")
    site.sitemap("/a", "/b", "/loop", "/file", "https://other.example/x")
    items = await _crawl(site)
    assert [one.url for one in documents(items).values()] == [f"{site.base}/c"]
    assert "other.example" in skipped(items)[f"{site.base}/a"]
    assert "another site" in skipped(items)["https://other.example/x"]
    assert "no web address" in skipped(items)[f"{site.base}/file"]
    assert "in a circle" in refused(items)[f"{site.base}/loop"]


async def test_a_page_on_an_allowed_host_says_its_own_address_unless_that_is_elsewhere(site: FakeSite) -> None:
    for path, canonical in (("/a", "/a-really"), ("/b", "https://other.example/b")):
        site.pages[path] = FakePage(f"<link rel=canonical href='{canonical}'><p>Text.</p>".encode())
    site.sitemap("/a", "/b")
    urls = [one.url for one in documents(await _crawl(site)).values()]
    assert urls == [f"{site.base}/a-really", f"{site.base}/b"]


async def test_too_large_and_too_slow_pages_are_left_out(site: FakeSite) -> None:
    site.pages["/large"] = FakePage(b"x" * 300_000)
    site.pages["/bomb"] = FakePage(gzip.compress(b"x" * 9_000_000), headers={"content-encoding": "gzip"})
    site.pages["/cut"] = FakePage(gzip.compress(b"x" * 9_000)[:-9], headers={"content-encoding": "gzip"})
    site.pages["/odd"] = FakePage(b"x", headers={"content-encoding": "br"})
    site.sitemap("/large", "/bomb", "/cut", "/odd")
    items = await _crawl(site)
    assert set(skipped(items)) == {f"{site.base}/large", f"{site.base}/bomb"}
    assert set(refused(items)) == {f"{site.base}/cut", f"{site.base}/odd"}


async def test_other_things_than_pages_are_skipped(site: FakeSite) -> None:
    site.pages["/logo.png"] = FakePage(b"\x89PNG", kind="image/png")
    site.pages["/terms.txt"] = FakePage(b"Our terms.", kind="text/plain")
    site.sitemap("/logo.png", "/terms.txt")
    items = await _crawl(site)
    assert "image/png" in skipped(items)[f"{site.base}/logo.png"]
    assert [one.title for one in documents(items).values()] == ["Terms"]


async def test_no_more_pages_than_allowed_and_then_nothing_is_deleted(site: FakeSite) -> None:
    for path in ("/help/a", "/help/b", "/shop/c"):
        site.page(path, "Text.")
    site.sitemap("/help/a", "/help/b", "/shop/c")
    items = await _crawl(site, max_pages=1)
    assert len(documents(items)) == 1
    assert items[-1] == End(full_set=False, note="Only the first 1 of 3 pages.")
    assert len(documents(await _crawl(site, below=("/help/",)))) == 2


async def test_an_empty_sitemap_deletes_nothing_and_a_missing_one_fails(site: FakeSite) -> None:
    site.sitemap()
    assert (await _crawl(site))[-1] == End(full_set=False)
    del site.pages["/sitemap.xml"]
    with pytest.raises(SourceFailed, match="404"):
        await _crawl(site)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;">]><urlset>&b;</urlset>', "entities"),
        (b'<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/passwd">]><urlset><url><loc>&f;</loc></url></urlset>', "ent"),
        (b"<urlset><url>", "broken"), (b"<html/>", "no sitemap"), (b"", "broken"), (b"\x00\xff", "broken"),
    ],
)  # fmt: skip
def test_a_hostile_or_broken_sitemap_is_refused(body: bytes, said: str) -> None:
    with pytest.raises(SourceFailed, match=said):
        parse_sitemap(body, URL("https://shop.example/sitemap.xml"))


def test_a_packed_answer_is_unpacked_within_its_limit() -> None:
    assert unpacked(gzip.compress(b"abc"), "gzip", 10) == b"abc"
    with pytest.raises(FetchRefused, match="larger"):
        unpacked(gzip.compress(b"x" * 10_000_000), "gzip", 1000)
    with pytest.raises(FetchFailed):
        unpacked(b"abc", "gzip", 1000)


PRIVATE = [
    "127.0.0.1", "127.9.9.9", "0.0.0.0", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1",
    "100.100.100.200", "192.0.0.192", "168.63.129.16", "224.0.0.1", "240.0.0.1", "255.255.255.255", "198.18.0.1", "::",
    "::1", "fe80::1", "fe80::1%eth0", "fc00::1", "fec0::1", "ff02::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1",
    "64:ff9b::a00:1", "2002:7f00:1::", "2001:db8::1", "fd00:ec2::254", "::127.0.0.1",
]  # fmt: skip


@pytest.mark.parametrize("address", PRIVATE)
def test_no_address_within_is_connected_to(address: str) -> None:
    with pytest.raises(AddressRefused):
        AddressGuard().check(address)


@pytest.mark.parametrize("address", ["93.184.215.14", "2606:2800:21f:cb07:6820:80da:af6b:8b2c"])
async def test_public_addresses_are_connected_to(address: str) -> None:
    answer = await CheckedResolver(AddressGuard(), Names((address,))).resolve("shop.example", 443)
    assert [one["host"] for one in answer] == [address]


def test_a_private_network_is_allowed_by_name_and_no_other_with_it() -> None:
    guard = AddressGuard((ipaddress.ip_network("10.1.0.0/16"),))
    guard.check("10.1.2.3")
    with pytest.raises(AddressRefused):
        guard.check("10.2.0.1")


class Names(AbstractResolver):
    """Resolves every name to the next of the given sets of addresses."""

    def __init__(self, *answers: tuple[str, ...]) -> None:
        self.answers = list(answers)

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        found = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return [ResolveResult(hostname=host, host=one, port=port, family=family, proto=0, flags=0) for one in found]

    async def close(self) -> None:
        """Nothing is open."""


async def test_a_name_with_one_private_address_among_public_ones_is_refused() -> None:
    with pytest.raises(AddressRefused):
        await CheckedResolver(AddressGuard(), Names(("93.184.215.14", "10.0.0.1"))).resolve("shop.example", 443)


async def test_a_name_that_changes_its_address_is_checked_at_each_connection(site: FakeSite) -> None:
    """DNS rebinding: public when it is looked at, private when it is connected to. There is no such moment."""
    port = URL(site.base).port
    home = URL(f"http://shop.example:{port}/sitemap.xml")
    names = Names(("127.0.0.1",), ("127.0.0.2",))
    guard = AddressGuard((ipaddress.ip_network("127.0.0.1/32"),))
    fetcher = Fetcher(home, frozenset({"shop.example"}), guard, FAST, names)
    site.page("/a", "A.", connection="close")
    site.sitemap("/a")
    assert (await fetcher.get(home.with_path("/a"))).status == 200
    with pytest.raises(FetchRefused, match="private"):
        await fetcher.get(home.with_path("/a"))
    await fetcher.close()
    assert site.seen == ["/a"]


@pytest.mark.parametrize(
    "url",
    ["http://127.0.0.1/", "http://[::1]/", "http://localhost/", "http://2130706433/", "http://0x7f.1/", "http://0/",
     "http://[::ffff:127.0.0.1]/"],
)  # fmt: skip
async def test_this_machine_is_not_read_under_any_of_its_names(url: str) -> None:
    start = URL(url)
    fetcher = Fetcher(start, frozenset({start.host or ""}), AddressGuard(), FAST)
    try:
        with pytest.raises(SourceFailed, match=r"private|connected|broke off"):
            await read_all(SiteSource(start, "site:x", fetcher, FakeClock()))
    finally:
        await fetcher.close()


@pytest.mark.parametrize("url", ["ftp://shop.example/", "https://user:pw@shop.example/", "https://shop.example:22/"])
def test_other_schemes_ports_and_passwords_in_addresses_are_refused(url: str) -> None:
    fetcher = Fetcher(URL("https://shop.example/"), frozenset({"shop.example"}), AddressGuard(), FAST)
    assert fetcher.why_not(URL(url))


def test_a_site_is_named_after_its_host() -> None:
    assert site_name(URL("https://www.shop.example/help")) == "site:www.shop.example"
