"""The public HTTP API (stable: clients and checks are written against it). One module per resource."""
