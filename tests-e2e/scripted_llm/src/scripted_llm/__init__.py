"""A scripted server that speaks the OpenAI wire format, for tests, the demo and load."""
