-- What the sweep of old rows looks for.
CREATE INDEX outbox_ended ON outbox (ended_at) WHERE state <> 'waiting';
CREATE INDEX handoffs_with_words ON handoffs (created_at) WHERE octet_length(transcript) + octet_length(summary) > 0;
