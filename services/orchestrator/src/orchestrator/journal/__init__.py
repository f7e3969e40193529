"""The journal in Postgres: the one truth about every conversation. Payloads are sealed, rows are chained.

`accept.py` takes messages in, `store.py` is the journal of one running turn, `cards.py` records decisions,
`views.py` reads for people, `verify.py` checks the chain.
"""
