"""A server that speaks the OpenAI wire format and answers by script: for tests, the demo and load."""
