-- What support answered in the end. Only tickets with a resolution are found by the search over resolved ones.
ALTER TABLE tickets ADD COLUMN resolution text NOT NULL DEFAULT '';
ALTER TABLE tickets ADD COLUMN resolved_by text;
ALTER TABLE tickets ADD COLUMN resolved_at timestamptz;
ALTER TABLE tickets ADD COLUMN resolved_words tsvector GENERATED ALWAYS AS (
    CASE WHEN resolution <> '' THEN
        setweight(to_tsvector('english', subject), 'A') || setweight(to_tsvector('english', resolution), 'B')
        || setweight(to_tsvector('english', body), 'C')
    END
) STORED;
CREATE INDEX tickets_resolved ON tickets USING gin (resolved_words) WHERE resolution <> '';

ALTER TABLE ticket_events DROP CONSTRAINT ticket_events_kind_check;
ALTER TABLE ticket_events ADD CONSTRAINT ticket_events_kind_check CHECK (kind IN ('created', 'handed_off', 'resolved'));
