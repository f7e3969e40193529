"""Checks of a scenario, and what they come to."""

from dataclasses import dataclass, field

from rich.console import Console
from rich.markup import escape


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that must be so; `seen` says what was there instead."""

    name: str
    ok: bool
    seen: str = ""


@dataclass(slots=True)
class Verdict:
    """The checks of one scenario, collected as it goes."""

    number: int
    title: str
    checks: list[Check] = field(default_factory=list)

    def check(self, name: str, ok: object, seen: object = "") -> None:
        """Note whether something is so; `seen` is shown when it is not."""
        self.checks.append(Check(name, bool(ok), str(seen)))

    @property
    def passed(self) -> bool:
        """Every check holds, and there is at least one."""
        return bool(self.checks) and all(check.ok for check in self.checks)


def print_checks(verdict: Verdict, console: Console) -> None:
    """One line per check."""
    for check in verdict.checks:
        mark = "[green]✓[/]" if check.ok else "[bold red]✗[/]"
        seen = f"  [red]({escape(check.seen)})[/]" if check.seen and not check.ok else ""
        console.print(f"    {mark} {escape(check.name)}{seen}")


def print_verdict(verdicts: list[Verdict], expected: int, console: Console) -> bool:
    """The table at the end and one plain sentence; True when all expected scenarios passed."""
    console.print("\n  [bold]Verdict[/]\n")
    for verdict in verdicts:
        mark = "[green]✓[/]" if verdict.passed else "[bold red]✗[/]"
        held = sum(check.ok for check in verdict.checks)
        console.print(f"    {mark} {verdict.number}. {escape(verdict.title)}  [dim]{held}/{len(verdict.checks)}[/]")
    passed = sum(verdict.passed for verdict in verdicts)
    good = passed == expected
    colour = "green" if good else "red"
    console.print(f"\n  [bold {colour}]{passed} of {expected} conversations passed.[/]\n")
    return good
