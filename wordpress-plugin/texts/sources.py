"""The texts that the sources give to WordPress's translation functions."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

_LITERAL = r"('(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\")"
_NAMES = r"__|_e|_x|_n|esc_html__|esc_html_e|esc_html_x|esc_attr__|esc_attr_e|esc_attr_x"
_CALL = re.compile(rf"(?<![\w$>:])({_NAMES})\(")
_ARGUMENT = re.compile(rf"\s*{_LITERAL}\s*,")
_DOMAIN = re.compile(rf"\s*{_LITERAL}\s*,?\s*\)")
_COMMENT = re.compile(r"/\*\s*(translators:.*?)\s*\*/", re.DOTALL)
_HEADER = re.compile(r"^ \* (Plugin Name|Description):\s+(.+)$", re.MULTILINE)
#: A comment for translators stands in one of the lines before its call.
_NEAR = 200


@dataclass(slots=True)
class Text:
    """One text: `plural` and `context` are '' where there is none; `places` are files below the plugin's folder."""

    singular: str
    plural: str = ""
    context: str = ""
    comment: str = ""
    places: list[str] = field(default_factory=list)

    @property
    def key(self) -> str:
        """As WordPress looks it up: context, EOT, text, NUL, plural."""
        text = f"{self.singular}\0{self.plural}" if self.plural else self.singular
        return f"{self.context}\x04{text}" if self.context else text


class UnreadableTextError(Exception):
    """A text that is put together by code, or has another domain: nobody could translate it."""


def in_sources(folder: Path, domain: str) -> list[Text]:
    """Every text below the folder, in the order of the files. Raises UnreadableTextError."""
    found: dict[str, Text] = {}
    for path in sorted(folder.rglob("*")):
        place = path.relative_to(folder).as_posix()
        if place.startswith(("languages/", "assets/aiguy-chat.")):
            continue
        texts: Iterator[Text] = iter(())
        if path.suffix in (".php", ".js"):
            texts = _of_code(path.read_text("utf-8"), place, domain)
        elif path.name == "block.json":
            texts = _of_block(json.loads(path.read_text("utf-8")))
        for text in texts:
            known = found.setdefault(text.key, text)
            known.comment = known.comment or text.comment
            if place not in known.places:
                known.places.append(place)
    return list(found.values())


def _of_code(code: str, place: str, domain: str) -> Iterator[Text]:
    if place == f"{domain}.php":
        yield from (Text(value.strip(), comment=f"{name} of the plugin") for name, value in _HEADER.findall(code))
    for call in _CALL.finditer(code):
        name, at = call[1], call.end()
        texts = []
        for _ in range(2 if name in ("_n", "_x", "esc_html_x", "esc_attr_x") else 1):
            argument = _ARGUMENT.match(code, at)
            if argument is None:
                raise UnreadableTextError(f"{place}: {code[call.start() : call.start() + 80]!r}")
            texts.append(_said(argument[1]))
            at = argument.end()
        if name == "_n":
            at = code.index(",", at) + 1 if "(" not in code[at : code.index(",", at)] else _after_call(code, at)
        given = _DOMAIN.match(code, at)
        if given is None or _said(given[1]) != domain:
            raise UnreadableTextError(f"{place}: {code[call.start() : call.start() + 80]!r} has another domain")
        comments = _COMMENT.findall(code[max(0, call.start() - _NEAR) : call.start()])
        comment = comments[-1] if comments else ""
        if name == "_n":
            yield Text(texts[0], plural=texts[1], comment=comment)
        else:
            yield Text(texts[0], context=texts[1] if len(texts) > 1 else "", comment=comment)


def _after_call(code: str, at: int) -> int:
    """Behind the comma after an argument that is a call itself."""
    depth = 0
    while depth or code[at] != ",":
        depth += {"(": 1, ")": -1}.get(code[at], 0)
        at += 1
    return at + 1


def _of_block(block: dict[str, object]) -> Iterator[Text]:
    for name in ("title", "description"):
        if isinstance(text := block.get(name), str):
            yield Text(text, context=f"block {name}")
    words = block.get("keywords", [])
    for word in words if isinstance(words, list) else []:
        yield Text(str(word), context="block keyword")


def _said(literal: str) -> str:
    """What a literal of PHP or JavaScript stands for."""
    inner = literal[1:-1]
    if literal[0] == "'":
        return re.sub(r"\\(['\\])", r"\1", inner)
    return re.sub(r"\\(.)", lambda found: {"n": "\n", "t": "\t"}.get(found[1], found[1]), inner)
