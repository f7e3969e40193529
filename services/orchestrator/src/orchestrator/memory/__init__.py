"""Short-term memory: the last turns of a conversation, masked, in Redis; rebuilt from the thread when they are gone."""
