"""A service's tools for clients of the Model Context Protocol: the same routes, tokens, grants and limits, spoken to in
another way. Off by default (`AIGUY_MCP`), and imported only when it is on: the library is slow to import.

`listing.py` is what a client is shown, `calling.py` carries a call to its tool's own route, `door.py` speaks.
"""
