"""The help pages that ship, by the last part of their address: what quotations are looked up in."""

from retrieval.ingest import starter_folder


def help_pages() -> dict[str, str]:
    """The text of each page by its name."""
    return {path.stem: path.read_text(encoding="utf-8") for path in sorted(starter_folder().glob("*.md"))}
