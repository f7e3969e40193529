"""The Brain without a model: learned intents, rules for slots, answers out of tools and passages."""
