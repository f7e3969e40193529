"""What the models have cost, and what the month will cost: for staff. A customer's token opens none of it."""

from typing import Annotated, Literal

from fastapi import APIRouter, Depends
from starlette.requests import Request

from orchestrator.api.deps import CONSOLE_SCOPE, only
from orchestrator.api.rating import allowance
from orchestrator.api.usage_models import CapView, DayUsageView, ForecastView, ModelUsageView, UsageView
from orchestrator.limits.forecast import CONFIDENCE
from orchestrator.limits.policy import MICROS
from orchestrator.limits.report import UsageDesk, UsageReport
from orchestrator.limits.usage import ModelUsage
from servicekit.auth.claims import Caller
from servicekit.openapi import SECURED, problem_responses

_CAPS: tuple[Literal["shop_day", "shop_month"], ...] = ("shop_day", "shop_month")


async def _usage_desk(request: Request) -> UsageDesk:
    desk: UsageDesk = request.app.state.usage
    return desk


Reader = Annotated[Caller, Depends(only(CONSOLE_SCOPE, "Only staff may see what was used."))]


def usage_router() -> APIRouter:
    """The route of usage."""
    router = APIRouter(
        prefix="/api/agent", tags=["usage"], responses=problem_responses(), dependencies=[Depends(allowance("staff"))]
    )  # fmt: skip

    @router.get("/usage", openapi_extra=SECURED)
    async def usage(_: Reader, desk: Annotated[UsageDesk, Depends(_usage_desk)]) -> UsageView:
        """Tokens and cost by model, today and this month, beside the caps; and the forecast of the month."""
        return _view(await desk.report(), desk)

    return router


def _view(report: UsageReport, desk: UsageDesk) -> UsageView:
    expected = report.forecast
    return UsageView(
        day=report.day, level=report.verdict.level.value,
        today=tuple(_model(one) for one in report.today), month=tuple(_model(one) for one in report.month),
        days=tuple(
            DayUsageView(day=one.day, turns=one.turns, tokens=one.tokens, cost_usd=_usd(one.cost_micros))
            for one in report.days
        ),
        caps=tuple(_cap(name, report, desk) for name in _CAPS),
        forecast=ForecastView(
            month_usd=_usd(expected.month), low_usd=_usd(expected.low), high_usd=_usd(expected.high),
            confidence=CONFIDENCE, method=expected.method, days=expected.days,
        ),
    )  # fmt: skip


def _model(one: ModelUsage) -> ModelUsageView:
    return ModelUsageView(
        model=one.model, turns=one.turns, tokens_in=one.tokens_in, tokens_out=one.tokens_out,
        cost_usd=_usd(one.cost_micros), priced=one.cost_micros > 0 or one.tokens_in + one.tokens_out == 0,
    )  # fmt: skip


def _cap(name: Literal["shop_day", "shop_month"], report: UsageReport, desk: UsageDesk) -> CapView:
    cap = desk.policy.cap(name)
    return CapView(
        cap=name, usd=None if cap.usd is None else float(cap.usd), tokens=cap.tokens,
        used=round(report.verdict.shares[name], 4), reached_on=report.reached[name],
    )  # fmt: skip


def _usd(micros: int) -> float:
    return micros / MICROS
