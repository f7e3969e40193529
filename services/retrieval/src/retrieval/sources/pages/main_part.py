"""The main part of a page that does not mark it, as trafilatura sees it."""

import logging
from copy import deepcopy

import trafilatura
from lxml.html import HtmlElement
from trafilatura.settings import Document
from trafilatura.xml import xmltotxt


def main_part(root: HtmlElement) -> str:
    """Its Markdown; empty when none is seen. The tree stays as it is."""
    # It remarks on every page that it makes nothing of, and such a page is read in another way.
    logging.getLogger("trafilatura").setLevel(logging.ERROR)
    body = trafilatura.bare_extraction(
        deepcopy(root), include_comments=False, include_tables=True, include_formatting=True, favor_recall=True,
        with_metadata=False,
    )  # fmt: skip
    return str(xmltotxt(body.body, True)).strip() if isinstance(body, Document) else ""
