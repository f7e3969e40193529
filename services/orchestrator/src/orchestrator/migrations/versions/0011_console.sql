-- Since when the customer waits for a person: since the hand-over, or since their first message behind the last word of
-- staff. NULL while the bot answers, and when staff had the last word.
ALTER TABLE conversations ADD COLUMN waiting_since timestamptz;
UPDATE conversations c SET waiting_since = CASE WHEN spoke.last IS NULL THEN c.staff_since ELSE open.since END
    FROM conversations d
    CROSS JOIN LATERAL (SELECT max(s.id) AS last FROM thread s WHERE s.conversation_id = d.id AND s.role = 'staff'
        AND s.created_at >= d.staff_since) spoke
    CROSS JOIN LATERAL (SELECT min(m.created_at) AS since FROM thread m WHERE m.conversation_id = d.id
        AND m.role = 'customer' AND m.id > spoke.last) open
    WHERE d.id = c.id AND c.answering = 'staff';

-- Kept where messages are written and where somebody else begins to answer, so that nobody can forget it.
CREATE OR REPLACE FUNCTION thread_grows() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE conversations SET thread_length = thread_length + 1,
        waiting_since = CASE WHEN answering = 'bot' OR NEW.role = 'staff' THEN NULL
            WHEN NEW.role = 'customer' THEN coalesce(waiting_since, NEW.created_at) ELSE waiting_since END
        WHERE id = NEW.conversation_id;
    RETURN NULL;
END $$;

CREATE FUNCTION answering_changes() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.waiting_since := CASE WHEN NEW.answering = 'staff' THEN now() END;
    RETURN NEW;
END $$;
CREATE TRIGGER answering_changes BEFORE UPDATE OF answering ON conversations
    FOR EACH ROW WHEN (OLD.answering <> NEW.answering) EXECUTE FUNCTION answering_changes();

-- The three lists of the inbox, each in its own order. None holds a column that an ordinary turn changes.
CREATE INDEX conversations_waiting ON conversations (issuer, waiting_since, id)
    WHERE waiting_since IS NOT NULL AND data_key IS NOT NULL;
CREATE INDEX conversations_staffed ON conversations (issuer, staff_since, id)
    WHERE answering = 'staff' AND waiting_since IS NULL AND data_key IS NOT NULL;
CREATE INDEX conversations_of_bot ON conversations (issuer, created_at DESC, id DESC)
    WHERE answering = 'bot' AND data_key IS NOT NULL;
CREATE INDEX conversations_of_bot_by_channel ON conversations (issuer, channel, created_at DESC, id DESC)
    WHERE answering = 'bot' AND data_key IS NOT NULL;

-- The clause of the policy that asks for staff, for the decisions of before under the same clause.
ALTER TABLE cards ADD COLUMN policy text NOT NULL DEFAULT '';
CREATE INDEX cards_decided ON cards (policy, decided_at DESC) WHERE kind = 'approval' AND state IN ('yes', 'no');
CREATE INDEX cards_conversation ON cards (conversation_id) WHERE kind = 'approval' AND state IN ('yes', 'no');

ALTER TABLE staff_steps DROP CONSTRAINT staff_steps_step_check;
ALTER TABLE staff_steps ADD CONSTRAINT staff_steps_step_check CHECK (step IN ('takeover', 'handback', 'note'));

-- Who is signed in at the console. The cookie's value is nowhere but in the browser: here is its hash. `proof` names what
-- the session was opened with (the id of a token, the nonce of a sign-in), which opens no second one.
CREATE TABLE console_sessions (
    id_hash         bytea PRIMARY KEY,
    proof           text NOT NULL UNIQUE,
    issuer          text NOT NULL,
    subject         text NOT NULL,
    staff_of        text,
    name            text,
    email           text,
    scopes          text[] NOT NULL,
    created_at      timestamptz NOT NULL DEFAULT now(),
    seen_at         timestamptz NOT NULL DEFAULT now(),
    expires_at      timestamptz NOT NULL,
    ended_at        timestamptz,
    revealed        text,                       -- the one conversation whose personal data are shown, until revealed_until
    revealed_until  timestamptz
);
CREATE INDEX console_sessions_expires ON console_sessions (expires_at);
