"""The Brain without a model: nearest labelled example, rules for slots, answers out of tools and passages."""
