"""What a run says: a table and a verdict for the terminal, a page with the trend, the same as JSON beside it."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from evalbench.baseline import Compared
from evalbench.playing import Played
from evalbench.running import Tried
from evalbench.scores import Score, by, score

#: What is asked of the offline Brain: so many of the cases pass every time.
TARGET = 0.95
_EARLIER = 30


@dataclass(frozen=True, slots=True)
class Results:
    """One whole run. `judged`: the words of the judge, or why there are none. `seconds`: from the first process on.
    `beside`: the same cases with the offline Brain, and `thought` who thought, where a model on this machine was tried.
    """

    brain: str
    k: int
    tried: Sequence[Tried]
    compared: Compared
    seconds: float
    at: datetime
    judged: dict[str, Any] = field(default_factory=lambda: {"ran": False, "why": "no model is configured"})
    personas: Sequence[Tried] = ()
    beside: Sequence[Tried] = ()
    thought: str = ""

    @property
    def offline(self) -> list[Score]:
        """All cases with the offline Brain, where it was tried as well."""
        return [score("offline Brain", self.beside)] if self.beside else []

    @property
    def overall(self) -> Score:
        """All cases."""
        return score("all", self.tried)

    @property
    def tiers(self) -> list[Score]:
        """By what was at stake."""
        return by(self.tried, lambda one: one.case.tier.value)

    @property
    def categories(self) -> list[Score]:
        """By what they are about."""
        return by(self.tried, lambda one: one.case.category)

    @property
    def failed(self) -> list[Tried]:
        """The cases of which a run failed."""
        return [one for one in self.tried if not one.passed]

    @property
    def odd_personas(self) -> list[str]:
        """The personas who got what they must not: an ending without the help that was due is told, and is no gate."""
        kinds = {one.case.id: {found.kind for run in one.findings for found in run} for one in self.personas}
        return [name for name, found in kinds.items() if found - {"outcome"}]

    @property
    def verdict(self) -> str:
        """One plain line."""
        whole, worse = self.overall, self.compared.regressed
        told = f"{whole.passed} of {whole.cases} cases passed {self.k} of {self.k} times ({whole.share:.1%})"
        if odd := self.odd_personas:
            return f"VERDICT: PERSONAS GOT WHAT THEY MUST NOT: {', '.join(odd)}; {told}"
        if worse:
            return f"VERDICT: WORSE THAN THE BASELINE in {len(worse)}: {', '.join(worse)}; {told}"
        beside = "no worse than the baseline" if self.compared.known else f"no baseline for {self.brain}"
        target = "the target is met" if whole.share >= TARGET else f"below the target of {TARGET:.0%}"
        return f"VERDICT: {beside}; {told}; {target}"

    def document(self) -> dict[str, Any]:
        """As JSON: the numbers, and of each case what was wrong. No word of a conversation is in it."""
        return {
            "at": self.at.isoformat(timespec="seconds"), "brain": self.brain, "k": self.k,
            "seconds": round(self.seconds, 1), "verdict": self.verdict, "judge": self.judged,
            "overall": self.overall.document(), "tiers": [one.document() for one in self.tiers],
            "categories": [one.document() for one in self.categories],
            "regressed": self.compared.regressed, "mended": self.compared.mended, "new": self.compared.new,
            "gone": self.compared.gone, "offline": [one.document() for one in self.offline], "thought": self.thought,
            "personas": {one.case.id: wrong(one) for one in self.personas},
            "cases": {
                one.case.id: {"passed": one.runs_passed, "of": len(one.findings), "wrong": wrong(one)}
                for one in self.tried
            },
        }  # fmt: skip


def wrong(one: Tried) -> list[str]:
    """What was wrong with the runs of a case, each thing once."""
    return list(dict.fromkeys(str(finding) for found in one.findings for finding in found))


def table(results: Results) -> str:
    """For the terminal."""
    head = f"{'':<22}{'cases':>6}{'pass^' + str(results.k):>8}{'95 %':>16}{'answered':>10}{'wrongly':>9}{'at most':>9}"
    lines = ["", head + f"{'p50 s':>8}{'p95 s':>8}{'USD':>9}"]
    groups = (*results.categories, None, *results.tiers, results.overall, *results.offline)
    lines += ["" if one is None else _line(one) for one in groups]
    lines.append(
        "\n  wrongly: answered by its own word, and it should have asked, refused or fetched a person, or said it wrong"
    )
    if results.thought:
        lines.append(f"  {results.thought}")
    for one in (*results.failed, *(one for one in results.personas if not one.passed)):
        lines += [f"\n  {one.case.id} ({one.case.category})", *(f"      {line[:220]}" for line in wrong(one)[:6])]
    for name in ("mended", "new", "gone"):
        if names := getattr(results.compared, name):
            lines.append(f"\n  {name}: {', '.join(names[:12])}{' …' if len(names) > 12 else ''}")
    if results.personas:
        good = sum(one.passed for one in results.personas)
        lines.append(f"\n  personas: {good} of {len(results.personas)} conversations ended as they should")
    judge = results.judged
    lines.append(f"\n  judge: {judge['summary'] if judge['ran'] else 'not run, ' + judge['why']}")
    lines.append(f"  {results.overall.runs} conversations in {results.seconds:.0f} s")
    return "\n".join(lines)


def transcripts(tried: Sequence[Tried]) -> str:
    """What was said in the last failed run of each failed case."""
    return "\n".join(f"\n--- {one.case.id}\n{transcript(one.failed[-1])}" for one in tried if one.failed)


def transcript(played: Played) -> str:
    """One run as text."""
    lines = []
    for answer in played.answers:
        pages = ", ".join(sorted({source.page for source in answer.sources}))
        tools = ", ".join(sorted(answer.tools))
        lines += [f"> {answer.said.says}", f"< [{answer.ending}; {tools}; {pages}] {answer.text}"]
    return "\n".join([*lines, f"= {played.effects} {played.broke}"])


def write(results: Results, folder: Path) -> Path:
    """Writes the page and the JSON; returns the page's path."""
    folder.mkdir(parents=True, exist_ok=True)
    name = f"eval-{results.at:%Y%m%dT%H%M%SZ}"
    earlier = _earlier(folder, results.brain)
    document = results.document()
    (folder / f"{name}.json").write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    page = folder / f"{name}.html"
    page.write_text(_page(results, [*earlier, document]), encoding="utf-8")
    return page


def _page(results: Results, trend: list[dict[str, Any]]) -> str:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True,
    )  # fmt: skip
    shown = [
        {"case": one.case, "wrong": wrong(one), "passed": one.runs_passed, "of": len(one.findings),
         "said": transcript(one.failed[0])}
        for one in results.failed
    ]  # fmt: skip
    return environment.get_template("report.html.j2").render(results=results, failed=shown, trend=trend)


def _earlier(folder: Path, brain: str) -> list[dict[str, Any]]:
    """The last runs of the same Brain over about as many cases, oldest first. What cannot be read is left out."""
    found = []
    for path in sorted(folder.glob("eval-*.json"))[-_EARLIER:]:
        try:
            document = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            continue
        if document.get("brain") == brain and "overall" in document:
            found.append(document)
    return found


def _line(one: Score) -> str:
    low, high = one.interval
    most = f"{one.wrong_interval[1]:.1%}" if one.answered else "-"
    return (
        f"{one.name:<22}{one.cases:>6}{one.share:>8.1%}{f'{low:.0%} to {high:.0%}':>16}{one.answered:>10}"
        f"{one.wrongly:>9}{most:>9}{one.p50_s:>8.2f}{one.p95_s:>8.2f}{one.cost_usd:>9.5f}"
    )
