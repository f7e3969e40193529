"""The images and the composed stack, as far as they can be tried without an engine."""
