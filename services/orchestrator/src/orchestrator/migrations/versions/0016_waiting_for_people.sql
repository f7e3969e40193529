-- How far each mailbox was read. `name` is a keyed hash. `uidvalidity` is 0 before the first time; `due_at` is when it may
-- be read next, by whoever is first.
CREATE TABLE mailboxes (
    name        text PRIMARY KEY,
    uidvalidity bigint NOT NULL DEFAULT 0,
    last_uid    bigint NOT NULL DEFAULT 0,
    began_at    timestamptz NOT NULL DEFAULT now(),
    read_at     timestamptz,
    due_at      timestamptz NOT NULL,
    failures    integer NOT NULL DEFAULT 0
);

-- Mails that could not be taken in: they are still in the mailbox, under this number.
CREATE TABLE mails_aside (
    mailbox     text NOT NULL REFERENCES mailboxes (name),
    uidvalidity bigint NOT NULL,
    uid         bigint NOT NULL,
    reason      text NOT NULL,
    created_at  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (mailbox, uidvalidity, uid)
);
CREATE INDEX mails_aside_age ON mails_aside (created_at);

-- Where a guest wants to read what people say, sealed with the conversation's key; gone when it is handed back.
ALTER TABLE conversations ADD COLUMN answer_to bytea;

-- A conversation's time with a person: from the hand-over, or from when staff stepped in (`reason` 'staff'), to the
-- hand-back. `human_at`: a person's first words; `told_at`, `late_at`: what was said to the customer meanwhile; `look_at`:
-- when somebody has to look again.
CREATE TABLE hand_overs (
    id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    conversation_id text NOT NULL REFERENCES conversations (id),
    reason          text NOT NULL,
    asked_at        timestamptz NOT NULL DEFAULT now(),
    human_at        timestamptz,
    told_at         timestamptz,
    late_at         timestamptz,
    ended_at        timestamptz,
    look_at         timestamptz
);
CREATE UNIQUE INDEX hand_overs_open ON hand_overs (conversation_id) WHERE ended_at IS NULL;
CREATE INDEX hand_overs_conversation ON hand_overs (conversation_id, id);
CREATE INDEX hand_overs_look ON hand_overs (look_at) WHERE look_at IS NOT NULL;
CREATE INDEX hand_overs_asked ON hand_overs (asked_at);

-- Nobody is told of what began before.
INSERT INTO hand_overs (conversation_id, reason, asked_at, human_at)
    SELECT c.id, coalesce(c.staff_reason, ''), coalesce(c.staff_since, c.updated_at),
        (SELECT min(t.created_at) FROM thread t
            WHERE t.conversation_id = c.id AND t.role = 'staff' AND t.created_at >= c.staff_since)
    FROM conversations c WHERE c.answering = 'staff';

-- As before; the first words of a person are noted, where messages are written.
CREATE OR REPLACE FUNCTION thread_grows() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE conversations SET thread_length = thread_length + 1,
        waiting_since = CASE WHEN answering = 'bot' OR NEW.role = 'staff' THEN NULL
            WHEN NEW.role = 'customer' THEN coalesce(waiting_since, NEW.created_at) ELSE waiting_since END
        WHERE id = NEW.conversation_id;
    IF NEW.role = 'staff' THEN
        UPDATE hand_overs SET human_at = NEW.created_at, look_at = NULL
            WHERE conversation_id = NEW.conversation_id AND ended_at IS NULL AND human_at IS NULL;
    END IF;
    RETURN NULL;
END $$;

-- As before, with the hand-over that begins or ends. A person who steps in is there already.
CREATE OR REPLACE FUNCTION answering_changes() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.waiting_since := CASE WHEN NEW.answering = 'staff' THEN now() END;
    IF NEW.answering = 'staff' THEN
        INSERT INTO hand_overs (conversation_id, reason, look_at)
            VALUES (NEW.id, coalesce(NEW.staff_reason, ''), CASE WHEN NEW.staff_reason <> 'staff' THEN now() END)
            ON CONFLICT DO NOTHING;
    ELSE
        UPDATE hand_overs SET ended_at = now(), look_at = NULL WHERE conversation_id = NEW.id AND ended_at IS NULL;
        NEW.answer_to := NULL;
    END IF;
    RETURN NEW;
END $$;
