"""`--llm local` of the command line."""

from typing import Annotated, Literal

import typer

from onebox.local_llm.installing import LocalLlmError, provide_model
from onebox.local_llm.model import LocalLlm
from onebox.report import Report

#: None: what the environment names, or the offline policy.
Llm = Annotated[Literal["local"] | None, typer.Option(help="A model on this machine: no key, 1.1 GB, installed once.")]


def local_llm(report: Report) -> LocalLlm:
    """A model on this machine, installed where it is not yet; ends the command when there is none to have."""
    try:
        return LocalLlm(provide_model(report))
    except LocalLlmError as error:
        report.trouble(str(error))
        raise typer.Exit(1) from error
