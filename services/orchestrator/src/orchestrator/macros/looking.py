"""The look at what staff said: it finds clusters of answers, and keeps them as suggestions; bounded in rows, time."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from asyncpg import Record

from orchestrator.gaps.grouping import EmbedNow
from orchestrator.gaps.policy import GapPolicy
from orchestrator.gaps.store import Question, Sealed, opened, sealed_questions
from orchestrator.macros.clustering import Cluster, clusters_of
from orchestrator.macros.policy import MacroPolicy
from orchestrator.macros.reading import opened_answers, sealed_answers
from orchestrator.macros.store import Macro, active_macros
from orchestrator.macros.suggestions import Run, claim, forget_empty, keep_found, sites_with_staff
from orchestrator.macros.wording import kept_share
from servicekit.clock import Clock
from servicekit.crypto import MasterKeys
from servicekit.db.pool import Database
from servicekit.language import LANGUAGES, LanguageDetector

Found = list[tuple[Cluster, int]]
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Looking:
    """Looks at the answers of each site once a day, whoever of several processes comes first."""

    database: Database
    keyring: MasterKeys
    clock: Clock
    embedder: EmbedNow
    languages: LanguageDetector
    policy: MacroPolicy
    gaps: GapPolicy

    async def sweep(self) -> int:
        """One pass over all sites; always 0, because a pass does all. Raises ProblemError when the database is down."""
        async with self.database.primary() as db:
            found = await sites_with_staff(db, self._after(self.clock.now()))
            await forget_empty(db)
        for site in found:
            await self.look(site, _DAY)
        return 0

    async def look(self, site: str, every: timedelta = _DAY) -> bool:
        """Look at one site's answers; False when that was done so lately, or is under way. Broken off anywhere,
        nothing is kept, and the next look begins anew. Raises ProblemError when the database is down.
        """
        now, started = self.clock.now(), self.clock.monotonic()
        async with self.database.primary() as db:
            if not await claim(db, site, now, every):
                return False
            macros = await active_macros(db, site)
        async with self.database.read() as db:
            rows = await sealed_answers(db, site, self._after(now), self.policy.most_answers)
            asked = await sealed_questions(db, site, self._after(now))
        until = started + self.policy.most_seconds
        found, cut = await asyncio.to_thread(self._found, rows, asked, macros, lambda: self.clock.monotonic() > until)
        took_ms = round((self.clock.monotonic() - started) * 1000)
        async with self.database.transaction() as db:
            await keep_found(db, site, found, now, Run(now, len(rows), len(found), cut, took_ms))
        return True

    def _after(self, now: datetime) -> datetime:
        return now - timedelta(days=self.policy.days)

    def _found(
        self, rows: Sequence[Record], asked: Sequence[Sealed], macros: Sequence[Macro], is_over: Callable[[], bool]
    ) -> tuple[Found, bool]:
        read = opened_answers(rows, self.keyring, self.gaps, self.languages, is_over)
        ours = [one for one in read.answers if one.language in LANGUAGES]
        clusters = [
            one for one in clusters_of(ours, self.embedder, self.policy, self.gaps) if not self._covered(one, macros)
        ]
        if not clusters or is_over():
            return [(one, 0) for one in clusters], read.cut or bool(clusters)
        return list(zip(clusters, self._in_vain(clusters, asked), strict=True)), read.cut

    def _covered(self, cluster: Cluster, macros: Sequence[Macro]) -> bool:
        """Whether a macro says it already."""
        return any(
            one.language == cluster.answers[0].language
            and kept_share(one.text, cluster.answers[-1].text) >= self.policy.same_words
            for one in macros
        )

    def _in_vain(self, clusters: Sequence[Cluster], asked: Sequence[Sealed]) -> list[int]:
        """For each cluster how many questions without a good answer are like its own, besides those that it has."""
        questions = opened(self.keyring, asked)
        if not questions:
            return [0] * len(clusters)
        heads = self.embedder.embed([self.gaps.key(one.answers[0].question) for one in clusters])
        alike = heads @ self.embedder.embed([self.gaps.key(one.text) for one in questions]).T >= self.gaps.same_topic
        return [
            len({one.turn_id for near, one in zip(row, questions, strict=True) if near} - _turns(cluster, questions))
            for row, cluster in zip(alike, clusters, strict=True)
        ]


def _turns(cluster: Cluster, questions: Sequence[Question]) -> set[str]:
    """The turns of a cluster's own conversations."""
    own = {one.conversation_id for one in cluster.answers}
    return {one.turn_id for one in questions if one.conversation_id in own}
