"""The plugin's translations: `python wordpress-plugin/translations.py [--check]`.

Writes `languages/aiguy-chat.pot` from the sources, and for each `languages/*.po` what WordPress loads: a PHP file, and
JSON for the block editor's script. `--check` writes nothing and fails where a file would change, a text has no
translation, or a translation has other placeholders than its text.
"""

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from texts import Text, in_sources
from texts import po_file as po

HERE = Path(__file__).parent
LANGUAGES = HERE / "languages"
DOMAIN = "aiguy-chat"
#: The script whose texts WordPress gives to the browser, by the handle under which it is registered.
_SCRIPT, _HANDLE = "blocks/chat/editor.js", "aiguy-chat-editor-script"
_PLACEHOLDER = re.compile(r"%(?:\d+\$)?[sd]")


def built(texts: list[Text]) -> Iterator[tuple[Path, str]]:
    """Every generated file with its content."""
    yield LANGUAGES / f"{DOMAIN}.pot", po.template(texts)
    for source in sorted(LANGUAGES.glob("*.po")):
        locale = source.stem.removeprefix(f"{DOMAIN}-")
        headers, translated = po.read(source.read_text("utf-8"))
        yield source.with_suffix(".l10n.php"), _php(headers, translated)
        of_script = {
            text.key: translated[text.key] for text in texts if _SCRIPT in text.places if text.key in translated
        }
        yield LANGUAGES / f"{DOMAIN}-{locale}-{_HANDLE}.json", _jed(locale, headers, of_script)


def problems(texts: list[Text]) -> Iterator[str]:
    """What is wrong with the translations, in words."""
    wanted = {text.key: text for text in texts}
    for source in sorted(LANGUAGES.glob("*.po")):
        _, translated = po.read(source.read_text("utf-8"))
        for key, text in wanted.items():
            forms = translated.get(key)
            if not forms or not all(forms):
                yield f"{source.name}: no translation of {text.singular!r} ({', '.join(text.places)})"
            elif any(_placeholders(form) != _placeholders(text.plural or text.singular) for form in forms):
                yield f"{source.name}: other placeholders than in {text.singular!r}"
        for key in translated.keys() - wanted.keys():
            yield f"{source.name}: nobody says {key!r}"


def main(arguments: list[str]) -> int:
    """The exit code."""
    texts = in_sources(HERE, DOMAIN)
    found = list(problems(texts))
    for path, content in built(texts):
        if "--check" not in arguments:
            path.write_text(content, "utf-8")
        elif not path.exists() or path.read_text("utf-8") != content:
            found.append(f"{path.name} is not up to date: python wordpress-plugin/translations.py")
    for one in found:
        print(one, file=sys.stderr)
    return 1 if found else 0


def _placeholders(text: str) -> list[str]:
    return sorted(_PLACEHOLDER.findall(text))


def _php(headers: dict[str, str], translated: dict[str, list[str]]) -> str:
    """The format that WordPress reads since 6.5: plural forms are joined by NUL, as in their key."""
    lines = ["<?php", "", "return ["]
    lines += [f"    {_quoted(name.lower())} => {_quoted(value)}," for name, value in sorted(headers.items())]
    lines += ["    'messages' => ["]
    lines += [f"        {_quoted(key)} => {_quoted(chr(0).join(forms))}," for key, forms in sorted(translated.items())]
    return "\n".join([*lines, "    ],", "];", ""])


def _quoted(text: str) -> str:
    """A PHP string: control characters need double quotes."""
    if re.search(r"[\x00-\x1f]", text):
        escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("$", "\\$")
        return '"' + re.sub(r"[\x00-\x1f]", lambda found: f"\\x{ord(found[0]):02x}", escaped) + '"'
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _jed(locale: str, headers: dict[str, str], translated: dict[str, list[str]]) -> str:
    told = {"domain": "messages", "lang": locale, "plural-forms": headers.get("Plural-Forms", "")}
    data = {"domain": "messages", "locale_data": {"messages": {"": told, **dict(sorted(translated.items()))}}}
    return json.dumps(data, ensure_ascii=False, indent=1) + "\n"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
