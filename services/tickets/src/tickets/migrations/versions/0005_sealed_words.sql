-- Where `sealed`, `requester` is a keyed hash of the token's subject, and the words are sealed bytes; else all is as it was,
-- and the service seals it when it starts.

-- The search over resolved tickets lives on masked words: its index stands in clear.
DROP INDEX tickets_resolved;
ALTER TABLE tickets DROP COLUMN resolved_words;
ALTER TABLE tickets ALTER COLUMN resolution DROP DEFAULT;
ALTER TABLE tickets
    ALTER COLUMN subject TYPE bytea USING convert_to(subject, 'UTF8'),
    ALTER COLUMN body TYPE bytea USING convert_to(body, 'UTF8'),
    ALTER COLUMN resolution TYPE bytea USING convert_to(resolution, 'UTF8'),
    ALTER COLUMN resolution SET DEFAULT '',
    ADD COLUMN masked_subject text NOT NULL DEFAULT '',
    ADD COLUMN masked_resolution text NOT NULL DEFAULT '',
    ADD COLUMN resolved_words tsvector,
    ADD COLUMN sealed boolean NOT NULL DEFAULT false;
CREATE INDEX tickets_resolved ON tickets USING gin (resolved_words) WHERE masked_resolution <> '';
CREATE INDEX tickets_in_clear ON tickets (id) WHERE NOT sealed;

ALTER TABLE handoffs
    ALTER COLUMN summary TYPE bytea USING convert_to(summary, 'UTF8'),
    ALTER COLUMN transcript TYPE bytea USING convert_to(transcript, 'UTF8'),
    ADD COLUMN sealed boolean NOT NULL DEFAULT false;
CREATE INDEX handoffs_in_clear ON handoffs (id) WHERE NOT sealed;
CREATE INDEX handoffs_of_requester ON handoffs (requester);

ALTER TABLE outbox
    ALTER COLUMN recipient TYPE bytea USING convert_to(recipient, 'UTF8'),
    ALTER COLUMN subject TYPE bytea USING convert_to(subject, 'UTF8'),
    ALTER COLUMN body TYPE bytea USING convert_to(body, 'UTF8'),
    ADD COLUMN sealed boolean NOT NULL DEFAULT false;
CREATE INDEX outbox_in_clear ON outbox (id) WHERE NOT sealed;
CREATE INDEX outbox_of_requester ON outbox (requester);

-- Events are never changed, but for one thing: a customer's subject becomes its hash.
CREATE OR REPLACE FUNCTION ticket_events_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND (NEW.id, NEW.ticket_id, NEW.kind, NEW.at) = (OLD.id, OLD.ticket_id, OLD.kind, OLD.at)
       AND OLD.kind <> 'resolved' AND OLD.actor !~ '^[0-9a-f]{64}$' AND NEW.actor ~ '^[0-9a-f]{64}$' THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'ticket events are append-only' USING ERRCODE = 'insufficient_privilege';
END $$;
