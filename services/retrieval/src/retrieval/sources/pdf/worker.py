"""The inside of the reading of a PDF: a program that prints one JSON object. It is run by path.

{"title": …, "markdown": …} or {"refused": "encrypted" | "broken" | "scanned" | "empty" | "limits" | "pages"}
"""

import json
import resource
import sys
from collections import Counter
from typing import Any

#: A line is a heading when its letters are so much larger than most of the text.
_HEADING = 1.15
_CHAPTER = 1.5
_LONGEST_HEADING = 120
#: Fewer characters than this on a page is a page number, not text.
_PAGE_NUMBER = 16


def main() -> None:
    """Reads what the first argument asks for."""
    asked = json.loads(sys.argv[1])
    resource.setrlimit(resource.RLIMIT_AS, (asked["memory"], asked["memory"]))
    resource.setrlimit(resource.RLIMIT_CPU, (asked["cpu_s"], asked["cpu_s"]))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    json.dump(_read(asked), sys.stdout)


def _read(asked: dict[str, Any]) -> dict[str, str]:
    import logging  # noqa: PLC0415 - after the limits are set: what is imported counts too

    import pypdf  # noqa: PLC0415
    from pypdf.errors import (  # noqa: PLC0415
        DependencyError,
        FileNotDecryptedError,
        LimitReachedError,
        WrongPasswordError,
    )

    logging.getLogger("pypdf").setLevel(logging.CRITICAL)
    try:
        reader = pypdf.PdfReader(asked["path"], strict=False)
        if reader.is_encrypted and not reader.decrypt(""):
            return {"refused": "encrypted"}
        count = len(reader.pages)
        if count == 0:
            return {"refused": "empty"}
        if count > asked["pages"]:
            return {"refused": "pages"}
        pages = _pages(reader, asked["characters"])
        title = (reader.metadata.title if reader.metadata else None) or ""
    except (MemoryError, LimitReachedError):
        return {"refused": "limits"}
    except (FileNotDecryptedError, WrongPasswordError, DependencyError):
        return {"refused": "encrypted"}
    except RecursionError:
        return {"refused": "limits"}
    except Exception:  # noqa: BLE001 - a damaged file breaks the library anywhere
        return {"refused": "broken"}
    if sum(len(text) for page in pages for text, _ in page) < _PAGE_NUMBER * min(count, 4):
        return {"refused": "scanned"}
    return {"title": str(title), "markdown": _markdown(pages)}


Line = tuple[str, float]


def _pages(reader: Any, most: int) -> list[list[Line]]:
    """The lines of each page with the size of their letters, no more than a little over `most` characters in all."""
    pages: list[list[Line]] = []
    total = 0
    for page in reader.pages:
        pieces: list[tuple[str, float]] = []

        def take(text: str, _: Any, matrix: Any, __: Any, size: float, into: list[Line] = pieces) -> None:
            into.append((text, abs(size * (matrix[3] or matrix[0] or 1.0))))

        page.extract_text(visitor_text=take)
        pages.append(_lines(pieces))
        total += sum(len(text) for text, _ in pages[-1])
        if total > most:
            break
    return pages


def _lines(pieces: list[tuple[str, float]]) -> list[Line]:
    lines: list[Line] = []
    text, size, weight = "", 0.0, 0
    for piece, height in pieces:
        first, *rest = piece.split("\n")
        for index, part in enumerate([first, *rest]):
            if index:
                lines.append((text.strip(), size))
                text, size, weight = "", 0.0, 0
            text += part
            if len(part.strip()) > weight:
                size, weight = height, len(part.strip())
    lines.append((text.strip(), size))
    return lines


def _markdown(pages: list[list[Line]]) -> str:
    sizes: Counter[float] = Counter()
    for page in pages:
        for text, size in page:
            sizes[round(size, 1)] += len(text)
    usual = max(sizes.items(), key=lambda pair: pair[1])[0] or 1.0
    ranks = [[_rank(text, size, usual) for text, size in page] for page in pages]
    headed = any(rank for page in ranks for rank in page)
    parts: list[str] = []
    for number, (page, marks) in enumerate(zip(pages, ranks, strict=True), start=1):
        if not headed and len(pages) > 1:
            parts.append(f"## Page {number}")
        paragraph: list[str] = []
        for (text, _), mark in zip(page, marks, strict=True):
            if not text or mark:
                parts.append("\n".join(paragraph))
                paragraph = []
            if mark:
                parts.append(f"{mark} {text}")
            elif text:
                paragraph.append(text)
        parts.append("\n".join(paragraph))
    return "\n\n".join(part for part in parts if part)


def _rank(text: str, size: float, usual: float) -> str:
    if not text or len(text) > _LONGEST_HEADING or not any(letter.isalpha() for letter in text):
        return ""
    return "#" if size >= usual * _CHAPTER else "##" if size >= usual * _HEADING else ""


if __name__ == "__main__":
    main()
