-- A mail that came (or one of ours, `outcome` 'sent'). Every hash is keyed: nobody finds out from it who wrote what.
-- `id` is of sender and Message-ID, `named` of the Message-ID alone: replies name it. `person` is the mailbox at the other
-- end, `said` its words. `outcome` 'taken' has a turn; anything else says why nobody answers.
CREATE TABLE mails (
    id              text PRIMARY KEY,
    named           text NOT NULL,
    person          text NOT NULL,
    said            text NOT NULL DEFAULT '',
    signature       text UNIQUE,
    outcome         text NOT NULL,
    conversation_id text REFERENCES conversations (id),
    turn_id         text REFERENCES turns (id),
    letter          bytea,                      -- sealed: Message-ID, references, subject
    created_at      timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX mails_named ON mails (named);
CREATE INDEX mails_person ON mails (person, created_at);
CREATE INDEX mails_conversation ON mails (conversation_id);
CREATE INDEX mails_turn ON mails (turn_id);
CREATE INDEX mails_age ON mails (created_at);
