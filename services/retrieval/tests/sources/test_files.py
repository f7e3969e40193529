"""A folder of files as documents: what each kind becomes, and what is said of the others."""

import datetime as dt
import os
from pathlib import Path

import pytest

from contracts.tools.retrieval import Channel
from retrieval.sources.files import FileSource
from retrieval.sources.port import End, SourceFailed
from retrieval.sources.vouched import Vouched

from .pdf_files import articles
from .reading import documents, read_all, refused, skipped

PAGE = "<html lang='en'><head><title>Returns - Northwind</title></head><body><main><h1>Returns</h1><p>30 days.</p>"


def _source(root: Path, **more: object) -> FileSource:
    return FileSource(root, "folder:help", **more)  # type: ignore[arg-type]


async def test_every_kind_of_file_becomes_a_document(tmp_path: Path) -> None:
    (tmp_path / "care.md").write_text("# Care of tents\n\nDry them.")
    (tmp_path / "delivery").mkdir()
    (tmp_path / "delivery" / "costs.markdown").write_text("Costs\n=====\n\nFree from 50.")
    (tmp_path / "returns.html").write_text(PAGE)
    (tmp_path / "opening-hours.txt").write_text("We are there from nine to five, " * 5)
    (tmp_path / "faq.mdx").write_text("import A from 'a'\n\n# FAQ\n\n<Tabs>Ask us.</Tabs>")
    articles(tmp_path / "tents.pdf")

    found = documents(await read_all(_source(tmp_path)))

    assert {place: one.title for place, one in found.items()} == {
        "care.md": "Care of tents", "delivery/costs.markdown": "Costs", "returns.html": "Returns",
        "opening-hours.txt": "Opening hours", "faq.mdx": "FAQ", "tents.pdf": "Care of tents",
    }  # fmt: skip
    assert found["faq.mdx"].body == "# FAQ\n\nAsk us."
    assert all(one.reviewed for one in found.values())


async def test_a_file_without_an_address_is_known_by_its_path(tmp_path: Path) -> None:
    (tmp_path / "Größe & Maß.md").write_text("# Sizes\n\nText.")
    (found,) = documents(await read_all(_source(tmp_path))).values()
    assert found.url == "kb:help/Gr%C3%B6%C3%9Fe%20%26%20Ma%C3%9F.md"


async def test_of_several_main_headings_none_is_the_title(tmp_path: Path) -> None:
    (tmp_path / "support-manual.md").write_text("# Introduction\n\nText.\n\n# Phones\n\nText.")
    (found,) = documents(await read_all(_source(tmp_path))).values()
    assert found.title == "Support manual"


async def test_a_base_url_gives_each_file_the_address_that_it_is_published_at(tmp_path: Path) -> None:
    for name in ("index.md", "returns/index.md", "returns/how to.html", "terms.pdf"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        articles(path) if path.suffix == ".pdf" else path.write_text("<p>Some text.</p>")
    found = documents(await read_all(_source(tmp_path, base_url="https://shop.example/help/")))
    assert {place: one.url for place, one in found.items()} == {
        "index.md": "https://shop.example/help/", "returns/index.md": "https://shop.example/help/returns/",
        "returns/how to.html": "https://shop.example/help/returns/how%20to",
        "terms.pdf": "https://shop.example/help/terms.pdf",
    }  # fmt: skip


async def test_the_date_of_a_file_is_when_it_was_changed(tmp_path: Path) -> None:
    path = tmp_path / "a.md"
    path.write_text("# A\n\nText.")
    os.utime(path, (1_700_000_000, 1_700_000_000))
    (found,) = documents(await read_all(_source(tmp_path))).values()
    assert found.updated_at == dt.datetime.fromtimestamp(1_700_000_000, dt.UTC)


async def test_what_is_vouched_holds_for_all_files_and_front_matter_wins(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("# A\n\nText.")
    (tmp_path / "b.md").write_text("---\nreviewed: true\nchannels: email\ntags: [stoves]\nlayout: page\n---\n# B\n\nB.")
    (tmp_path / "c.md").write_text("---\ndraft: true\n---\n# C\n\nText.")
    said = Vouched(False, ("tents",), (Channel.WEB,), 30, True)
    a, b, _ = documents(await read_all(_source(tmp_path, vouched=said))).values()
    assert (a.reviewed, a.tags, a.channels, a.ttl_days, a.is_policy) == (False, ("tents",), (Channel.WEB,), 30, True)
    assert (b.reviewed, b.tags, b.channels, b.ttl_days) == (True, ("tents", "stoves"), (Channel.EMAIL,), 30)
    assert not documents(await read_all(_source(tmp_path)))["c.md"].reviewed


@pytest.mark.parametrize(
    ("name", "said"),
    [("prices.json", "is data"), ("stock.csv", "is data"), ("guide.docx", "Save it as PDF"), ("logo.png", "kind")],
)
async def test_other_files_are_listed_as_skipped_and_one_alone_is_refused(tmp_path: Path, name: str, said: str) -> None:
    (tmp_path / name).write_text("x")
    assert said in skipped(await read_all(_source(tmp_path)))[name]
    assert said in refused(await read_all(_source(tmp_path / name)))[name]


async def test_hidden_files_and_links_out_of_the_folder_are_not_read(tmp_path: Path) -> None:
    inside = tmp_path / "help"
    (inside / ".git").mkdir(parents=True)
    (inside / ".git" / "a.md").write_text("# A\n\nText.")
    (tmp_path / "secret.md").write_text("# Secret\n\nText.")
    (inside / "link.md").symlink_to(tmp_path / "secret.md")
    (inside / "folder").symlink_to(tmp_path)
    assert documents(await read_all(_source(inside))) == {}


async def test_a_folder_is_a_full_set_and_neither_a_file_nor_an_empty_folder_is(tmp_path: Path) -> None:
    assert (await read_all(_source(tmp_path)))[-1] == End(full_set=False)
    path = tmp_path / "a.md"
    path.write_text("# A\n\nText.")
    assert (await read_all(_source(tmp_path)))[-1] == End(full_set=True)
    assert (await read_all(_source(path)))[-1] == End(full_set=False)


async def test_a_path_that_is_not_there_fails_as_a_whole(tmp_path: Path) -> None:
    with pytest.raises(SourceFailed, match="There is no file"):
        await read_all(_source(tmp_path / "none"))


async def test_a_file_that_may_not_be_read_does_not_stop_the_others(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_bytes(b"")
    (tmp_path / "b.md").write_text("# B\n\nText.")
    items = await read_all(_source(tmp_path))
    assert refused(items) == {"a.md": "has no text"}
    assert list(documents(items)) == ["b.md"]
