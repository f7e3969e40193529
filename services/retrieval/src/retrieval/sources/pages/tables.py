"""An HTML table as a Markdown table, when it holds data; tables that only lay out a page are no tables."""

from lxml import etree

_MOST_COLUMNS = 40
_LAYOUT = frozenset(("h1", "h2", "h3", "h4", "h5", "h6", "table", "ul", "ol", "pre", "form", "section", "article"))


def is_data(table: etree._Element) -> bool:
    """Whether it is more than a frame for other blocks: two rows and two columns at least."""
    rows = 0
    for element in table.iterdescendants():
        if element.tag in _LAYOUT:
            return False
        if element.tag == "tr":
            rows += 1
    return rows > 1 and any(_cells(row)[1:] for row in table.iterdescendants("tr"))


def table_markdown(table: etree._Element) -> str:
    """Its Markdown, with the first row as the head."""
    rows = [[_text(cell) for cell in _cells(row)] for row in table.iterdescendants("tr")]
    rows = [row for row in rows if any(row)]
    if not rows:
        return ""
    width = min(max(map(len, rows)), _MOST_COLUMNS)
    lines = ["| " + " | ".join((row + [""] * width)[:width]) + " |" for row in rows]
    lines.insert(1, "|" + " --- |" * width)
    captions = [text for one in table.iterchildren("caption") if (text := _text(one))]
    return "\n\n".join([*captions, "\n".join(lines)])


def _cells(row: etree._Element) -> list[etree._Element]:
    return [one for one in row if one.tag in ("td", "th")]


def _text(element: etree._Element) -> str:
    return " ".join(" ".join(element.itertext()).split()).replace("|", "\\|")
