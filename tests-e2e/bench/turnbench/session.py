"""One whole measurement: starts everything, measures in the order of the plan, stops everything."""

from collections.abc import Awaitable
from contextlib import AsyncExitStack
from pathlib import Path

import aiohttp

from onebox.stack import StackError
from servicekit.embedded import free_port
from turnbench.children import BenchError, RivalProcess, http_server, rival_process
from turnbench.figures import Measured
from turnbench.many_streams import measure_many
from turnbench.measuring import Subject
from turnbench.meter import pss_mb, rss_mb
from turnbench.paced import measure_paced
from turnbench.plan import TOKENS, Deadline, Say, rounds
from turnbench.product import CLIENTS, OURS, OURS_LITELLM, Product, product
from turnbench.rivals import RIVALS
from turnbench.streaming import ModelSwitch, measure_streaming
from turnbench.task import TOOL, Target

_KEY = "sk-scripted"
#: Of all the time, what the rounds of all subjects may take; the rest is for those on litellm and for the streams.
_FIRST_SHARE = 0.45
#: Calls of the tool at its service, and how many at once.
TOOL_CALLS, TOOL_AT = 2_000, 32


async def run_session(names: set[str], most_rounds: int, seconds: float, root: Path, say: Say) -> Measured:
    """Measures the subjects of these names within about `seconds`. What cannot be measured is told in `missing`."""
    measured = Measured()
    deadline = Deadline.within(seconds)
    async with AsyncExitStack() as stack:
        target, model = await _servers(stack, root)
        starting = [await stack.enter_async_context(rival_process(one, target, root)) for one in RIVALS if one in names]
        ours = await _ours(stack, target, root, measured) if OURS in names else None
        rivals = [one for one in starting if await _is_ready(one, measured)]
        say("everything runs")
        subjects: list[Subject] = [*rivals, *([ours] if ours else [])]
        missing = measured.missing
        measured.samples = await rounds(subjects, most_rounds, deadline.part(_FIRST_SHARE), missing, say)
        if ours is not None and OURS not in missing:
            await _more_of_ours(ours, model, measured, root)
            say("streams, pace, parts and memory")
            for name in CLIENTS:
                if await _uses(ours, name, measured):
                    pair: list[Subject] = [*(one for one in rivals if one.name == "litellm"), ours]
                    share = 0.5 if name == OURS_LITELLM else 1.0
                    measured.paired[name] = await rounds(pair, most_rounds, deadline.part(share), missing, say)
    return measured


async def _more_of_ours(ours: Product, model: ModelSwitch, measured: Measured, root: Path) -> None:
    missing = measured.missing
    pids = [pid for group in ours.groups().values() for pid in group]
    measured.stack_mb = (pss_mb(pids), rss_mb(pids))
    await _part("streams", _streaming(ours, model, measured), missing)
    await _part("at a model's pace", _pace(ours, model, measured), missing)
    await model.set(TOKENS)
    await _part("the tool", _tool(ours, measured), missing)
    await _part("many streams", _many(measured, root), missing)


async def _part(name: str, measuring: Awaitable[None], missing: dict[str, str]) -> None:
    """One that fails does not take the others with it."""
    try:
        await measuring
    except BenchError as error:
        missing[f"{OURS}, {name}"] = str(error)


async def _streaming(ours: Product, model: ModelSwitch, measured: Measured) -> None:
    measured.streaming = await measure_streaming(ours, model)


async def _pace(ours: Product, model: ModelSwitch, measured: Measured) -> None:
    measured.paced = await measure_paced(ours, model)


async def _tool(ours: Product, measured: Measured) -> None:
    measured.tool_ms = await ours.call_tool(TOOL_CALLS, TOOL_AT)


async def _many(measured: Measured, root: Path) -> None:
    measured.many = await measure_many(root)


async def _uses(ours: Product, name: str, measured: Measured) -> bool:
    try:
        await ours.use(name)
    except StackError as error:
        measured.missing[name] = str(error)
        return False
    return True


async def _servers(stack: AsyncExitStack, root: Path) -> tuple[Target, ModelSwitch]:
    """The scripted model and the rivals' tool, each in a process of its own."""
    model_port, tool_port = free_port(), free_port()
    model_url, tool_url = f"http://127.0.0.1:{model_port}", f"http://127.0.0.1:{tool_port}"
    served = ["turnbench.model_server", str(model_port), _KEY]
    await stack.enter_async_context(http_server(served, f"{model_url}/livez", root / "model.log"))
    served = ["turnbench.tool_server", str(tool_port)]
    await stack.enter_async_context(http_server(served, tool_url, root / "tool.log"))
    session = await stack.enter_async_context(aiohttp.ClientSession())
    model = ModelSwitch(session, model_url)
    await model.set(TOKENS)
    return Target(f"{model_url}/v1", _KEY, f"{tool_url}/tools/{TOOL}"), model


async def _is_ready(rival: RivalProcess, measured: Measured) -> bool:
    try:
        await rival.ready()
    except BenchError as error:
        measured.missing[rival.name] = str(error).splitlines()[-1]
        return False
    return True


async def _ours(stack: AsyncExitStack, target: Target, root: Path, measured: Measured) -> Product | None:
    try:
        return await stack.enter_async_context(product(root / "product", target))
    except StackError as error:
        measured.missing[OURS] = str(error)
        return None
