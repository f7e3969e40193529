"""Everything that is generated from the contracts: `python -m contracts.export` writes it, `--check` compares.

`documents.py` says which files there are; `openapi.py` and `facade.py` make two kinds of them; `baseline.py`
keeps the last accepted state; `files.py` touches the disk.
"""
