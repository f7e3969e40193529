"""Gets the parts of the front door where this machine lacks them and root may install; otherwise it goes on without."""

import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from onebox.front_door import SWITCH, find_parts
from onebox.home import find_checkout
from onebox.report import Report

#: Seconds that a start waits for packages.
PATIENCE_S = 120.0


def provide_parts(report: Report, environment: Mapping[str, str] = os.environ) -> None:
    """Install nginx with ModSecurity when it is missing and wanted, as root on a machine with apt. Never raises."""
    checkout = find_checkout()
    unwanted = environment.get(SWITCH) == "off" or find_parts(environment) is not None
    if unwanted or checkout is None or os.geteuid() != 0 or shutil.which("apt-get") is None:
        return
    install(report, [checkout / ".ci" / "packages", "gateway"])


def install(report: Report, command: Sequence[str | Path], patience_s: float = PATIENCE_S) -> None:
    """Run `command`; what it says is reported. One that takes longer than `patience_s` is left to end by itself:
    a package manager that is killed leaves half a package.
    """
    report.note("installing nginx with ModSecurity, for a front door with a WAF (AIGUY_GATEWAY=off: do without)")
    # By itself, so that Ctrl-C does not reach it either.
    installing = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        start_new_session=True,
    )  # fmt: skip
    try:
        said, _ = installing.communicate(timeout=patience_s)
    except subprocess.TimeoutExpired:
        report.note(f"that takes longer than {patience_s:.0f} s: it goes on, and this start does without the WAF")
        return
    for line in said.splitlines():
        report.note(line.strip())
