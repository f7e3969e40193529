"""The plugin in a real WordPress, with the whole stack behind it and a real browser before it."""
