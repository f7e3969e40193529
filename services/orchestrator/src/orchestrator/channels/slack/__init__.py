"""Slack: mentions and direct messages are answered in their thread, and staff hear, approve and answer there."""
