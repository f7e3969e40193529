"""Gettext's files: the template for translators, and what they have made of it."""

import re

from .sources import Text

_LINE = re.compile(r'^(?:(msgctxt|msgid|msgid_plural|msgstr(?:\[\d\])?)\s+)?"(.*)"$')


def template(texts: list[Text]) -> str:
    """The template: every text with its places and the words for translators."""
    head = ['msgid ""', 'msgstr ""', '"Content-Type: text/plain; charset=UTF-8\\n"', '"X-Domain: aiguy-chat\\n"', ""]
    return "\n".join([*head, *(_entry(text) for text in texts)])


def read(content: str) -> tuple[dict[str, str], dict[str, list[str]]]:
    """Headers, and translations by the key of their text: one, or one for each plural form."""
    translated: dict[str, list[str]] = {}
    for block in re.split(r"\n\s*\n", content):
        parts: dict[str, str] = {}
        last = ""
        for line in block.splitlines():
            found = _LINE.match(line.strip())
            if found is not None:
                last = found[1] or last
                parts[last] = parts.get(last, "") + _unescaped(found[2])
        if "msgid" in parts:
            text = Text(parts["msgid"], parts.get("msgid_plural", ""), parts.get("msgctxt", ""))
            translated[text.key] = [value for name, value in parts.items() if name.startswith("msgstr")]
    lines = translated.pop("", [""])[0].splitlines()
    return dict(line.split(": ", 1) for line in lines if ": " in line), translated


def _entry(text: Text) -> str:
    lines = [f"#. {line.strip()}" for line in text.comment.splitlines() if line.strip()]
    lines += [f"#: {place}" for place in text.places]
    lines += [f'msgctxt "{_escaped(text.context)}"'] if text.context else []
    lines += [f'msgid "{_escaped(text.singular)}"']
    if text.plural:
        lines += [f'msgid_plural "{_escaped(text.plural)}"', 'msgstr[0] ""', 'msgstr[1] ""']
    else:
        lines += ['msgstr ""']
    return "\n".join([*lines, ""])


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _unescaped(text: str) -> str:
    return re.sub(r"\\(.)", lambda found: {"n": "\n", "t": "\t"}.get(found[1], found[1]), text)
