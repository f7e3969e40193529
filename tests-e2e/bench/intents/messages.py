"""The labelled messages: `labelled/<label>.yaml` or `<label>.<what>.yaml`, by language, and what else is learned."""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from orchestrator.brain.offline.rules import MOST_WORDS_BACK, refers_back
from orchestrator.brain.policy_files import read_policy
from orchestrator.brain.translating import Vocabulary
from retrieval.ingest import starter_folder
from retrieval.markdown_file import read_document
from servicekit.language import LanguageDetector

_ORDER = re.compile(r"\b(?:(?:my|the|this|our) )?(?:order )?ABC123\b", re.IGNORECASE)
LABELLED = Path(__file__).parent / "labelled"
ENGLISH = "en"


@dataclass(frozen=True, slots=True)
class Message:
    """What somebody wrote."""

    label: str
    language: str
    text: str


def labelled_messages() -> list[Message]:
    """Those beside this file, and the examples that come with the Brain."""
    return [
        *(
            Message(path.name.split(".")[0], language, text)
            for path in sorted(LABELLED.glob("*.yaml"))
            for language, texts in yaml.safe_load(path.read_text(encoding="utf-8")).items()
            for text in texts
        ),
        *(
            Message(label, ENGLISH, text)
            for label, texts in read_policy("intents")["intents"].items()
            for text in texts
        ),
    ]


def as_seen(messages: Sequence[Message]) -> list[str]:
    """The texts as the Brain sees them: of other languages their known words in English."""
    words = {language: Vocabulary.load(language) for language in {one.language for one in messages} - {ENGLISH}}
    return [
        one.text if one.language == ENGLISH else words[one.language].in_english(one.text) or one.text
        for one in messages
    ]


def pointing_back(messages: Sequence[Message]) -> dict[int, Message]:
    """Short ones that name an order, as somebody says them who has named it before: `where is it`. By their places."""
    return {
        place: Message(one.label, one.language, said)
        for place, one in enumerate(messages)
        if one.language == ENGLISH and (said := _ORDER.sub("it", one.text)) != one.text
        and len(said.split()) <= MOST_WORDS_BACK and refers_back(said)
    }  # fmt: skip


def asked_questions() -> list[Message]:
    """What people ask under the headings of the starter articles, in English."""
    languages = LanguageDetector.load()
    texts = [
        text
        for path in sorted(starter_folder().glob("*.md"))
        for questions in read_document(path).asked.values()
        for text in questions
    ]
    return [
        Message("knowledge", ENGLISH, text)
        for text in texts if languages.detect(text) in (ENGLISH, None) and not languages.likely(text)
    ]  # fmt: skip


def digest_of(messages: Sequence[Message]) -> str:
    """Names these messages and their labels."""
    return hashlib.sha256(repr(list(messages)).encode()).hexdigest()
