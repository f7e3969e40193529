-- `address` is the very address of From, as a keyed hash: `person` is the mailbox, whatever stands behind its `+`.
-- `authentic`: our receiving server says that DMARC passed.
ALTER TABLE mails ADD COLUMN address text NOT NULL DEFAULT '', ADD COLUMN authentic boolean NOT NULL DEFAULT false;

-- A one-time code, of which a keyed hash is kept. It was mailed with the answer of `turn_id`, for the question of
-- `question_id`, to `address`. The newest of a conversation alone counts. `proven_until` is set when it is redeemed.
CREATE TABLE mail_codes (
    turn_id         text PRIMARY KEY REFERENCES turns (id),
    conversation_id text NOT NULL REFERENCES conversations (id),
    question_id     text NOT NULL REFERENCES turns (id),
    person          text NOT NULL,
    address         text NOT NULL,
    sealed          bytea NOT NULL,             -- the address, sealed with the conversation's key
    code            text NOT NULL,
    wrong           integer NOT NULL DEFAULT 0,
    expires_at      timestamptz NOT NULL,
    redeemed_at     timestamptz,
    proven_until    timestamptz,
    created_at      timestamptz NOT NULL
);
CREATE INDEX mail_codes_conversation ON mail_codes (conversation_id, created_at);
CREATE INDEX mail_codes_person ON mail_codes (person, created_at);
CREATE INDEX mail_codes_age ON mail_codes (created_at);
