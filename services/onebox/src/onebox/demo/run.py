"""`aiguy demo`: a stack of its own, the conversations one after the other, a verdict."""

from collections.abc import Awaitable, Callable

import httpx
from rich.console import Console

from onebox.agent import ApiError, LostConnectionError
from onebox.demo import refunds, scenarios, trouble
from onebox.demo.stage import staged
from onebox.demo.transcript import print_title
from onebox.demo.verdict import Verdict, print_checks, print_verdict
from onebox.demo.world import World
from onebox.home import Home
from onebox.report import ConsoleReport
from onebox.stack import StackError
from onebox.up import NO_WAF

Scenario = Callable[[World, Verdict], Awaitable[None]]
SCENARIOS: tuple[tuple[str, Scenario], ...] = (
    ("The owner asks where an order is", scenarios.owner_asks_for_an_order),
    ("Another customer and a guest ask for the same order", scenarios.others_ask_for_the_same_order),
    ("A question that the knowledge base answers", scenarios.knowledge_is_cited),
    ("A question that it does not answer", scenarios.unknown_things_are_not_invented),
    ("The invoice as a PDF behind a signed link", scenarios.invoice_is_a_signed_link),
    ("The orders service is too slow", trouble.slow_tool_is_survived),
    ("The customer wants a person", scenarios.a_person_takes_over),
    ("A refund that needs the customer's yes", refunds.a_small_refund),
    ("A larger refund, which staff approve", refunds.staff_approve),
    ("A refund that staff deny", refunds.staff_deny),
    ("The model proposes calls that must not run", trouble.bad_proposals_never_run),
    ("A refund that nobody approves in time", refunds.nobody_approves),
    ("The order system is down", trouble.the_order_system_is_down),
)


async def run_demo(home: Home, console: Console) -> int:
    """Start, hold all conversations, print the verdict, stop. 0 when all passed, else 1."""
    console.print("\n  [bold]AIGuy Support Agent: demo[/]\n")
    report = ConsoleReport(console)
    verdicts: list[Verdict] = []
    try:
        async with staged(home, console, proxied=("orders",)) as world:
            no_waf = "" if world.stack.front_door else f": {NO_WAF}"
            report.note(f"the conversations are held at {world.address}{no_waf}")
            for number, (title, scenario) in enumerate(SCENARIOS, start=1):
                verdicts.append(await _hold(number, title, scenario, world))
    except StackError as error:
        report.trouble(str(error))
    return 0 if print_verdict(verdicts, len(SCENARIOS), console) else 1


async def _hold(number: int, title: str, scenario: Scenario, world: World) -> Verdict:
    verdict = Verdict(number, title)
    print_title(number, title, world.console)
    try:
        await scenario(world, verdict)
    except (ApiError, LostConnectionError, httpx.HTTPError) as error:
        verdict.check("the conversation can be held", ok=False, seen=f"{type(error).__name__}: {error}")
    print_checks(verdict, world.console)
    return verdict
