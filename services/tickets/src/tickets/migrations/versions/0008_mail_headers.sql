-- Message-IDs that the e-mail answers, and the tag of its reply address; sealed like its words, and gone with them.
ALTER TABLE outbox ADD COLUMN headers bytea NOT NULL DEFAULT '';
