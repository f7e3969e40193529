-- How sure the turn was, with every signal and its reason; why a person was fetched.
ALTER TABLE turns ADD COLUMN judged jsonb;
ALTER TABLE turns ADD COLUMN handoff_reason text;

-- Since when a person answers, and why: a reason of a hand-over, or 'staff' when somebody stepped in unasked.
ALTER TABLE conversations ADD COLUMN staff_since timestamptz;
ALTER TABLE conversations ADD COLUMN staff_reason text;
UPDATE conversations SET staff_since = updated_at, staff_reason = 'customer_asked' WHERE answering = 'staff';
CREATE INDEX conversations_with_staff ON conversations (staff_since) WHERE answering = 'staff';

-- Each message of staff that was accepted: what is resent is written once. The text itself is in the thread.
CREATE TABLE staff_messages (
    conversation_id   text NOT NULL REFERENCES conversations (id),
    client_message_id text NOT NULL,
    body_hash         bytea NOT NULL,
    said_by           text NOT NULL,
    said_at           timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (conversation_id, client_message_id)
);

-- Staff stepping in and handing back. Notes are sealed with the conversation's data key.
CREATE TABLE staff_steps (
    id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    conversation_id text NOT NULL REFERENCES conversations (id),
    step            text NOT NULL CHECK (step IN ('takeover', 'handback')),
    done_by         text NOT NULL,
    note            bytea,
    done_at         timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX staff_steps_conversation ON staff_steps (conversation_id, id);
