"""Where documents come from: files, a site's pages, WordPress. Each is a `Source` (see `port.py`)."""
