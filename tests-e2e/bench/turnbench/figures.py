"""From samples to figures: medians over rounds, percentiles over all turns."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median

from turnbench.many_streams import ManyStreams
from turnbench.measuring import Sample
from turnbench.paced import Paced
from turnbench.percentiles import percentile
from turnbench.streaming import Streaming


@dataclass(frozen=True, slots=True)
class Figures:
    """One subject at one concurrency. Times are milliseconds; `cpu` is that of its own processes per turn."""

    subject: str
    concurrency: int
    rounds: int
    cpu: float
    cpu_parts: dict[str, float]
    p50: float
    p95: float
    first_p95: float
    per_second: float
    rss: float


@dataclass(slots=True)
class Measured:
    """All that one run measured. `paired` are the rounds of litellm's loop beside ours on it, by the name of ours.

    `tool_ms` are calls of the tool at its service. `stack_mb` is (shared pages split, shared pages counted in each);
    `missing` says which subject failed, and why.
    """

    samples: list[Sample] = field(default_factory=list)
    paired: dict[str, list[Sample]] = field(default_factory=dict)
    streaming: Streaming | None = None
    paced: Paced | None = None
    many: ManyStreams | None = None
    tool_ms: list[float] = field(default_factory=list)
    stack_mb: tuple[float | None, float] | None = None
    missing: dict[str, str] = field(default_factory=dict)

    @property
    def rounds(self) -> int:
        """How many rounds were run, of all subjects."""
        return max((one.rounds for one in self.table()), default=0)

    def table(self) -> list[Figures]:
        """The figures by subject and concurrency, in the order in which they were measured."""
        keys = dict.fromkeys((one.subject, one.concurrency) for one in [*self.samples, *self.pairs])
        found = [self.at(subject, concurrency) for subject, concurrency in keys]
        return [one for one in found if one is not None]

    def at(self, subject: str, concurrency: int) -> Figures | None:
        """The figures of a subject, None when it was not measured. Paired rounds count for those only there."""
        return _find(self.samples, subject, concurrency) or self.at_paired(subject, concurrency)

    def at_paired(self, subject: str, concurrency: int) -> Figures | None:
        """The same, from the paired rounds only."""
        return _find(self.pairs, subject, concurrency)

    @property
    def pairs(self) -> list[Sample]:
        """All paired rounds."""
        return [one for samples in self.paired.values() for one in samples]


def rounds_of(samples: Sequence[Sample], subject: str, concurrency: int) -> list[float]:
    """CPU per turn of a subject, round by round. Raises LookupError when it was not measured."""
    found = [one.own_ms for one in samples if (one.subject, one.concurrency) == (subject, concurrency)]
    if not found:
        raise LookupError(subject)
    return found


def figures_of(samples: Sequence[Sample]) -> Figures:
    """The figures of the rounds of one subject at one concurrency."""
    walls = [wall for one in samples for wall in one.walls]
    return Figures(
        subject=samples[0].subject, concurrency=samples[0].concurrency, rounds=len(samples),
        cpu=median(one.own_ms for one in samples),
        cpu_parts={name: median(one.cpu_ms[name] for one in samples) for name in samples[0].cpu_ms},
        p50=percentile(walls, 50), p95=percentile(walls, 95),
        first_p95=percentile([first for one in samples for first in one.firsts], 95),
        per_second=median(one.per_second for one in samples), rss=max(one.rss for one in samples),
    )  # fmt: skip


def _find(samples: Sequence[Sample], subject: str, concurrency: int) -> Figures | None:
    chosen = [one for one in samples if (one.subject, one.concurrency) == (subject, concurrency)]
    return figures_of(chosen) if chosen else None
