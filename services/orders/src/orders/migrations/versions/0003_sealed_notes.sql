-- Sealed bytes where `sealed`, else the text as it was: the service seals it when it starts.
ALTER TABLE order_notes ALTER COLUMN note TYPE bytea USING convert_to(note, 'UTF8');
ALTER TABLE order_notes ADD COLUMN sealed boolean NOT NULL DEFAULT false;
CREATE INDEX order_notes_in_clear ON order_notes (id) WHERE NOT sealed;
CREATE INDEX order_notes_of_customer ON order_notes (customer_id);
