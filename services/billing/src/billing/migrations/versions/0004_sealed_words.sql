-- Sealed bytes where `sealed`, else the text as it was: the service seals it when it starts.
ALTER TABLE refunds ALTER COLUMN note DROP DEFAULT;
ALTER TABLE refunds
    ALTER COLUMN reason TYPE bytea USING convert_to(reason, 'UTF8'),
    ALTER COLUMN note TYPE bytea USING convert_to(note, 'UTF8'),
    ALTER COLUMN note SET DEFAULT '',
    ADD COLUMN sealed boolean NOT NULL DEFAULT false;
CREATE INDEX refunds_in_clear ON refunds (id) WHERE NOT sealed;
