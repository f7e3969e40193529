"""Backups: a sealed dump of each service's database, the keys in a sealed archive, a manifest over all of it.

`take.py` makes one, `restore.py` brings one back, `manifest.py` says what belongs to one; `erasures.py` keeps, beside
them, the list of who was erased, which a restore of an older backup goes through again. `sealing.py` is
how files are sealed. `command.py` is what `aiguy backup` and `aiguy restore` do on one machine; `python -m
onebox.backup` does it by URLs, in the image of Kubernetes and Compose too.

Left out: the index of the knowledge base, which is made anew from its database, and Valkey, which may be wiped at any
moment.
"""
