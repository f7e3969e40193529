"""The input guard as the intake uses it: the text made readable, judged, and counted."""

from dataclasses import dataclass

from orchestrator.guard.input.cleaning import readable
from orchestrator.guard.input.judging import InputGuard, Judged
from servicekit.telemetry import Metrics

_NOTHING_TO_READ = "…"


@dataclass(frozen=True, slots=True)
class ScreenedText:
    """A message without invisible characters, and what the guard says of it."""

    text: str
    judged: Judged


class InputScreen:
    """Judges each message once, where it comes in; the verdict goes into the journal."""

    def __init__(self, guard: InputGuard, metrics: Metrics) -> None:
        self.guard = guard
        self._verdicts = metrics.counter("aiguy_input_verdicts_total", "Verdicts on messages.", ("verdict",))
        self._signals = metrics.counter("aiguy_input_signals_total", "What spoke against messages.", ("signal",))

    def screened(self, text: str) -> ScreenedText:
        """The verdict on a text as it came in; hidden characters are judged before they are taken out."""
        judged = self.guard.judge(text)
        self._verdicts.labels(judged.verdict).inc()
        for name in judged.flags:
            self._signals.labels(name).inc()
        shown = readable(text)
        return ScreenedText(shown if shown.strip() else _NOTHING_TO_READ, judged)
