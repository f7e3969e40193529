"""Ways in besides the web: each takes messages in the form of its own world."""
