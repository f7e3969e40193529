"""The demo: conversations held through the public HTTP API, judged by what they did and what they said."""
