"""The numbers that turns leave behind. Labels are small closed sets; no id is ever a label."""

from prometheus_client import Counter, Gauge, Histogram

from contracts.turn import Usage
from servicekit.telemetry import Metrics

_SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 1.5, 2, 2.5, 3.5, 4.5, 5, 6, 8, 10, 12, 20, 30)


class TurnMetrics:
    """Metrics of the turn engine, registered once per process."""

    def __init__(self, metrics: Metrics) -> None:
        self.ended: Counter = metrics.counter("aiguy_turns_ended_total", "Turns by outcome", ["outcome", "channel"])
        self.seconds: Histogram = metrics.histogram(
            "aiguy_turn_seconds", "Work time of a turn, waits for people left out", ["tools"], _SECONDS
        )
        self.repairs: Counter = metrics.counter(
            "aiguy_brain_repairs_total", "Replies of the Brain that were mended, by step", ["kind"]
        )
        self.rejected: Counter = metrics.counter(
            "aiguy_brain_rejected_total", "Proposals of the Brain that never ran", ["reason"]
        )
        self.writes_refused: Counter = metrics.counter(
            "aiguy_writes_refused_total", "Writes that were proposed and not even previewed, by reason", ["reason"]
        )
        self.failed: Counter = metrics.counter("aiguy_brain_failed_total", "Brain calls without an answer", ["reason"])
        self.brain_seconds: Histogram = metrics.histogram(
            "aiguy_brain_seconds", "Time of asking the Brain, by step and result", ["step", "result"], _SECONDS
        )
        self.first_words: Histogram = metrics.histogram(
            "aiguy_turn_first_words_seconds",
            "From a message to the first words or the card that answer it",
            (),
            _SECONDS,
        )
        self.tokens: Counter = metrics.counter("aiguy_brain_tokens_total", "Tokens", ["direction", "model"])
        self.cost: Counter = metrics.counter(
            "aiguy_brain_cost_micros_total", "Micro-dollars that models cost", ["model"]
        )
        self._metrics = metrics
        self.guard: Counter = metrics.counter("aiguy_guard_verdicts_total", "Verdicts on answers", ["verdict"])
        self.guard_reasons: Counter = metrics.counter(
            "aiguy_guard_reasons_total", "What the guards changed in answers, and why", ["reason"]
        )
        self.refusals: Counter = metrics.counter("aiguy_refusals_total", "Answers that were refused", ["reason"])
        self.handoffs: Counter = metrics.counter("aiguy_handoffs_total", "Hand-overs to people", ["reason", "state"])
        self.fallbacks: Counter = metrics.counter(
            "aiguy_knowledge_fallback_total",
            "Questions without the help pages, by what was told",
            ["entry"],
        )
        self.approvals: Counter = metrics.counter(
            "aiguy_approvals_total", "Cards for staff that were asked about, and reminded of", ["state"]
        )
        self.running: Gauge = metrics.gauge("aiguy_turns_running", "Turns that this worker runs now")
        self.taken_over: Counter = metrics.counter(
            "aiguy_turns_taken_over_total", "Turns that went on after a worker was lost"
        )

    def count_usage(self, model: str, usage: Usage) -> None:
        """What one call of a model used; at most twenty models are told apart."""
        name = self._metrics.label("model", model or "unnamed", limit=20)
        self.tokens.labels("in", name).inc(usage.tokens_in)
        self.tokens.labels("out", name).inc(usage.tokens_out)
        self.cost.labels(name).inc(usage.cost_micros)
