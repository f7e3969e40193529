"""The command line of `python -m retrieval.ingest`."""

import argparse
from pathlib import Path

from contracts.tools.retrieval import Channel
from retrieval.sources.choose import Asked
from retrieval.sources.vouched import Vouched


def read_arguments(default: Path) -> tuple[Asked, bool]:
    """What was asked for, and whether to wait for the deep vectors. Ends the process on wrong arguments."""
    parser = argparse.ArgumentParser(description="Bring help pages into the knowledge base.")
    add = parser.add_argument
    add(
        "target",
        nargs="?",
        default=str(default),
        metavar="PATH_OR_URL",
        help="a folder, a file, a sitemap, a site's root, or the word wordpress; default: the starter base",
    )
    add("--unreviewed", dest="reviewed", action="store_false", help="store, but do not let it be found yet")
    add("--reviewed", dest="reviewed", action="store_true", default=True, help="you vouch for it (the default)")
    add("--policy", action="store_true", help="these are policies: returns, warranty …")
    add("--tag", action="append", default=[], help="a product tag; may be repeated")
    add("--channel", action="append", choices=[one.value for one in Channel], help="where it may be shown")
    add("--ttl-days", type=int, help="leave it out so long after it was updated")
    add("--source", help="the name of this set of documents; default: after the folder or the site")
    add("--base-url", help="where the files are published; without it they are cited by title alone")
    add("--keep-missing", action="store_true", help="do not delete documents that are gone")
    add("--below", action="append", default=[], metavar="PATH", help="only pages of the site below this path")
    add("--allow-host", action="append", default=[], help="another host that pages may be on")
    add("--allow-private", action="append", default=[], metavar="CIDR", help="a private network that may be read")
    add("--max-pages", type=int, default=2000, help="of a site (default: %(default)s)")
    add("--interval", type=float, default=1.0, help="seconds between two requests to a site (default: %(default)s)")
    add("--quick", action="store_true", help="do not wait for the deep vectors; a running service makes them")
    given = parser.parse_args()
    vouched = Vouched(
        given.reviewed, tuple(given.tag), tuple(map(Channel, given.channel or Channel)), given.ttl_days, given.policy
    )
    asked = Asked(
        given.target, vouched, given.source, given.base_url, given.keep_missing, tuple(given.allow_host),
        tuple(given.below), tuple(given.allow_private), given.max_pages, given.interval,
    )  # fmt: skip
    return asked, not given.quick
