"""Registers the fixtures that tests of all members share."""

pytest_plugins = ["servicekit.testing.plugin"]
