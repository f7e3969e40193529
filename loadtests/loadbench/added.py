"""What we add to a turn: its time less what the model and the tools took for themselves."""

from loadbench.measuring import MeasuredRun
from loadbench.samples import Sample
from loadbench.stack import ANSWER_TOKENS, FIRST_TOKEN_MS, PLANNER_MS, TOKEN_MS
from turnbench.percentiles import percentile

#: After its tokens a text has three frames more: why it ends, what it cost, that it is over.
_TEXT_MS = FIRST_TOKEN_MS + (ANSWER_TOKENS + 3) * TOKEN_MS
#: By kind: how often the model is asked for a call, how often for a text, and which tools are called.
_WORK: dict[str, tuple[int, int, tuple[str, ...]]] = {
    "greeting": (0, 1, ()), "faq": (1, 1, ("search_kb",)), "order": (1, 1, ("get_order_status",)),
    "two tools": (2, 1, ("get_order_status", "search_kb")), "refund": (1, 0, ("issue_refund.preview",)),
    "refund, agreed": (0, 1, ("issue_refund",)),
}  # fmt: skip


def added_p95_ms(measured: MeasuredRun) -> float | None:
    """p95 over the right turns of known work, in milliseconds; None when there were none.

    The model keeps to its pace by the clock; the tools' part is the mean that their own services measured.
    """
    found = [_added(one, measured.tool_seconds) for one in measured.samples if one.right and one.kind in _WORK]
    return round(percentile(found, 95), 1) if found else None


def _added(sample: Sample, tool_seconds: dict[str, float]) -> float:
    calls, texts, tools = _WORK[sample.kind]
    model_ms = calls * PLANNER_MS + texts * _TEXT_MS
    return (sample.end_ms or 0.0) - model_ms - sum(tool_seconds.get(tool, 0.0) * 1000 for tool in tools)
