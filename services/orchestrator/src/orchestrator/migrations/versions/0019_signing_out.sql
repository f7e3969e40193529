-- What the organisation's provider is told when somebody signs out: the ID token that it gave, sealed. It goes when the
-- session is ended; NULL for who signed in otherwise.
ALTER TABLE console_sessions ADD COLUMN id_token bytea;
