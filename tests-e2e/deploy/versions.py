"""The release after this one, as a tree of sources that images have in front of what is installed.

It is this release with contracts that have moved on as they may:

- `get_order_status` and `get_order` take a new optional argument `locale`, and answer a new field `delay_reason`, as
  `list_orders` does for each order;
- `create_ticket`, which a customer confirms, calls `subject` now `title`, and takes a new optional argument `callback`;
- `search_kb` deprecates `updated_after`, without a successor, and takes a new optional argument `deep`.
"""

import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from k8s.rendered import ROOT

from e2e.llm import Llm

_SINCE = 'since="2026-11-22", remove_after="2027-02-22"'
#: By file below a package's sources: what stands there, and what stands there in the next release.
_CONTRACTS: Mapping[str, tuple[tuple[str, str], ...]] = {
    "contracts/tools/orders.py": (
        (
            '    email: Email | None = Field(default=None, description="The customer\'s own e-mail address.")\n',
            '    email: Email | None = Field(default=None, description="The customer\'s own e-mail address.")\n'
            "    locale: str | None = Field(default=None, max_length=8)\n",
        ),
        ("    eta: datetime | None = None\n", "    eta: datetime | None = None\n    delay_reason: str | None = None\n"),
        ('name="get_order_status", family=Family.ORDERS, version="1.0.0"',
         'name="get_order_status", family=Family.ORDERS, version="1.1.0"'),
        ('name="get_order", family=Family.ORDERS, version="1.0.0"',
         'name="get_order", family=Family.ORDERS, version="1.1.0"'),
        ('name="list_orders", family=Family.ORDERS, version="1.0.0"',
         'name="list_orders", family=Family.ORDERS, version="1.1.0"'),
    ),
    "contracts/tools/tickets.py": (
        (
            '    """What the customer needs a person for."""\n\n    subject: str',
            '    """What the customer needs a person for."""\n\n    title: str',
        ),
        (
            "    order_id: OrderId | None = None\n",
            "    order_id: OrderId | None = None\n    callback: bool = False\n\n    @property\n"
            "    def subject(self) -> str:\n        return self.title\n",
        ),
        ('name="create_ticket", family=Family.TICKETS, version="1.0.0"',
         'name="create_ticket", family=Family.TICKETS, version="1.1.0",'
         f' deprecations=(Deprecation(argument="subject", replaced_by="title", {_SINCE}),)'),
        ("import Confirmation, Family,", "import Confirmation, Deprecation, Family,"),
    ),
    "contracts/tools/retrieval.py": (
        (
            "    updated_after: Day | None = None\n",
            "    updated_after: Day | None = None\n"
            '    deep: bool = Field(default=False, description="Whether to look for longer.")\n',
        ),
        ('version="1.3.0"', 'version="1.4.0"'),
        ("    deprecations=(\n", f'    deprecations=(\n        Deprecation(argument="updated_after", {_SINCE}),\n'),
    ),
}  # fmt: skip


def next_release(folder: Path) -> Path:
    """Writes it below `folder`; what goes in front of PYTHONPATH. Raises AssertionError where this release has moved
    on, and the changes no longer fit.
    """
    source = ROOT / "contracts" / "src" / "contracts"
    shutil.copytree(source, folder / "contracts", ignore=shutil.ignore_patterns("__pycache__"))
    for file, changes in _CONTRACTS.items():
        text = (folder / file).read_text("utf-8")
        for before, after in changes:
            assert text.count(before) == 1, f"{file} has {text.count(before)} of: {before}"
            text = text.replace(before, after)
        (folder / file).write_text(text, "utf-8")
    return folder


#: Question, argument that only the next release offers, and the call that a model makes then.
_USES: tuple[tuple[str, str, dict[str, object]], ...] = (
    ("open a ticket", "create_ticket.title",
     {"title": "Broken zip", "body": "The zip of my new tent broke.", "callback": True}),
    ("Where is my order", "get_order_status.locale", {"order_id": "ABC123", "locale": "en"}),
    ("return an item", "search_kb.deep", {"query": "How do I return an item?", "deep": True}),
)  # fmt: skip


def use_what_is_new(llm: Llm) -> None:
    """The model gives each argument of the next release wherever it is on offer, and speaks as ever."""
    for question, argument, arguments in _USES:
        call = {"name": argument.partition(".")[0], "arguments": arguments}
        llm.say(question, {"calls": [call]}, {"by_policy": True}, advance="results", offers=argument)


def broken_release(folder: Path, package: str) -> Path:
    """A release of `package` that cannot start."""
    (folder / package).mkdir(parents=True)
    (folder / package / "__init__.py").write_text('raise RuntimeError("this release cannot start")\n', "utf-8")
    return folder


def released(folder: Path, revision: str) -> list[Path]:
    """The release that a git revision of this repository is: what goes in front of PYTHONPATH."""
    folder.mkdir()
    archive = subprocess.run(
        ["git", "archive", revision, "contracts", "services"], cwd=ROOT, check=True, capture_output=True
    )
    subprocess.run(["tar", "-x", "-C", folder], input=archive.stdout, check=True)
    return [folder / "contracts" / "src", *sorted(folder.glob("services/*/src"))]
