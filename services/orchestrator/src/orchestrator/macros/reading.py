"""The answers of staff as they stand in the threads, with the question of each: read in one statement, then opened."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from asyncpg import Record

from orchestrator.gaps.policy import GapPolicy
from orchestrator.journal.sealing import open_sealer
from orchestrator.macros.asking import LOOKED_AT, question_among
from orchestrator.macros.clustering import Answer
from servicekit.crypto import MasterKeys
from servicekit.db.pool import Connection
from servicekit.language import LanguageDetector
from servicekit.privacy.tokens import plain_tokens

_READ = f"""
SELECT s.id AS place, s.content, s.created_at, s.conversation_id, c.subject_hash, c.key_id, c.data_key,
    asked.places, asked.contents, asked.reasons
FROM (
    SELECT t.id, t.content, t.created_at, t.conversation_id FROM thread t
    JOIN conversations c ON c.id = t.conversation_id AND c.issuer = $1 AND c.data_key IS NOT NULL
    WHERE t.role = 'staff' AND t.created_at > $2 ORDER BY t.created_at DESC LIMIT $3
) s JOIN conversations c ON c.id = s.conversation_id
JOIN LATERAL (
    SELECT array_agg(q.id ORDER BY q.id DESC) AS places, array_agg(q.content ORDER BY q.id DESC) AS contents,
        array_agg(coalesce(g.reason, CASE WHEN f.thumbs = -1 THEN 'thumbs_down' END, 'staff') ORDER BY q.id DESC)
            AS reasons
    FROM (
        SELECT id, turn_id, content FROM thread
        WHERE conversation_id = s.conversation_id AND id < s.id AND role = 'customer' ORDER BY id DESC LIMIT {LOOKED_AT}
    ) q LEFT JOIN knowledge_gaps g ON g.turn_id = q.turn_id LEFT JOIN feedback f ON f.turn_id = q.turn_id
) asked ON asked.places IS NOT NULL
"""  # noqa: S608 - a constant


@dataclass(frozen=True, slots=True)
class Opened:
    """The answers that have a question. `cut`: the time was over before all had been looked at."""

    answers: tuple[Answer, ...]
    cut: bool


async def sealed_answers(db: Connection, site: str, after: datetime, most: int) -> Sequence[Record]:
    """The newest answers of staff to the site's customers after `after`, the newest first, at most `most`."""
    rows: Sequence[Record] = await db.fetch(_READ, site, after, most)
    return rows


def opened_answers(
    rows: Sequence[Record], keyring: MasterKeys, gaps: GapPolicy, languages: LanguageDetector,
    is_over: Callable[[], bool],
) -> Opened:  # fmt: skip
    """The answers with their questions, until `is_over`. Pure computation, for a thread: there may be thousands."""
    found: list[Answer] = []
    for row in rows:
        if is_over():
            return Opened(tuple(found), cut=True)
        sealer = open_sealer(keyring, row["conversation_id"], row["key_id"], row["data_key"])
        asked = [plain_tokens(sealer.open("thread", one).decode()) for one in row["contents"]]
        place = question_among(asked, gaps)
        if place is None:
            continue
        text = plain_tokens(sealer.open("thread", row["content"]).decode())
        found.append(Answer(
            row["place"], row["places"][place], row["conversation_id"], row["subject_hash"], asked[place], text,
            languages.detect(text) or "", row["reasons"][place], row["created_at"],
        ))  # fmt: skip
    return Opened(tuple(found), cut=False)
