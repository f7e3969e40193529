"""Hash-chained tables: `ledger.py` says what one is, `fold.py` checks rows, `verify.py` reads them from a database.

A service declares each of its chained tables as a `Ledger`; `command.py` makes a command of it.
"""

from servicekit.chain.fold import ChainFold
from servicekit.chain.ledger import GENESIS, Break, Head, Heads, Ledger
from servicekit.chain.verify import Report, verify_ledger

__all__ = ["GENESIS", "Break", "ChainFold", "Head", "Heads", "Ledger", "Report", "verify_ledger"]
