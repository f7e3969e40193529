-- A message that came from Slack. Every name is a keyed hash: nobody finds out from it who wrote what, or where. `id` is of
-- channel and timestamp, `place` of the channel or thread, `said` of the words. `outcome` 'taken' has a turn, which is
-- `answered` once all that came of it stands in Slack; anything else says why nobody answers.
CREATE TABLE slack_messages (
    id              text PRIMARY KEY,
    person          text NOT NULL,
    place           text NOT NULL,
    said            text NOT NULL DEFAULT '',
    outcome         text NOT NULL,
    conversation_id text REFERENCES conversations (id),
    turn_id         text REFERENCES turns (id),
    answered        boolean NOT NULL DEFAULT false,
    created_at      timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX slack_messages_person ON slack_messages (person, created_at);
CREATE INDEX slack_messages_place ON slack_messages (place, created_at);
CREATE INDEX slack_messages_conversation ON slack_messages (conversation_id);
CREATE INDEX slack_messages_turn ON slack_messages (turn_id);
CREATE INDEX slack_messages_age ON slack_messages (created_at);

-- Where a conversation is shown: to who wrote ('chat'), and to staff. Whoever holds the lease posts, and nobody else.
-- `shown` is the last message of the thread that stands there.
CREATE TABLE slack_threads (
    conversation_id text NOT NULL REFERENCES conversations (id),
    side            text NOT NULL CHECK (side IN ('chat', 'staff')),
    target          bytea,                      -- sealed: channel, thread, user
    shown           bigint NOT NULL DEFAULT 0,
    leased_by       text,
    leased_until    timestamptz,
    created_at      timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (conversation_id, side)
);
CREATE INDEX slack_threads_age ON slack_threads (created_at);

-- A message of ours. Without `ts` nobody knows whether it is there: it was begun, and no answer of Slack's was stored.
-- `named` is the hash of channel and `ts`, by which replies know it, `shown` that of what it shows.
CREATE TABLE slack_posts (
    id              text PRIMARY KEY,
    conversation_id text NOT NULL REFERENCES conversations (id),
    named           text,
    ts              text,
    shown           text,
    closed          boolean NOT NULL DEFAULT false,
    created_at      timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX slack_posts_named ON slack_posts (named);
CREATE INDEX slack_posts_conversation ON slack_posts (conversation_id);
CREATE INDEX slack_posts_age ON slack_posts (created_at);

-- Who a person in Slack is: with a `code` somebody signed in has asked for it, with a `person` that one has said it.
CREATE TABLE slack_links (
    id              text PRIMARY KEY,
    code            text UNIQUE,
    person          text UNIQUE,
    subject_hash    text NOT NULL,
    account         bytea NOT NULL,             -- sealed: subject, issuer, role, scopes, e-mail, name
    expires_at      timestamptz NOT NULL,
    created_at      timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX slack_links_subject ON slack_links (subject_hash);
CREATE INDEX slack_links_expires ON slack_links (expires_at);

-- Whatever changes what stands in Slack makes the job that shows it there, where it changes: nobody can forget it.
CREATE FUNCTION slack_job(p_entrypoint text, p_conversation text) RETURNS void LANGUAGE sql AS $$
    WITH job AS (
        INSERT INTO pgqueuer (priority, entrypoint, payload, execute_after, headers, status)
        VALUES (7, $1, convert_to($2, 'UTF8'), now(), 'null', 'queued') RETURNING id, entrypoint, priority
    )
    INSERT INTO pgqueuer_log (job_id, status, entrypoint, priority) SELECT id, 'queued', entrypoint, priority FROM job
$$;

CREATE FUNCTION slack_staff_said() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM slack_threads WHERE conversation_id = NEW.conversation_id AND side = 'chat') THEN
        PERFORM slack_job('slack_chat', NEW.conversation_id);
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER slack_staff_said AFTER INSERT ON thread
    FOR EACH ROW WHEN (NEW.role = 'staff') EXECUTE FUNCTION slack_staff_said();

CREATE FUNCTION slack_card_closed() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    reader text := CASE NEW.kind WHEN 'approval' THEN 'staff' ELSE 'chat' END;
BEGIN
    IF EXISTS (SELECT FROM slack_threads WHERE conversation_id = NEW.conversation_id AND side = reader) THEN
        PERFORM slack_job('slack_' || reader, NEW.conversation_id);
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER slack_card_closed AFTER UPDATE OF state ON cards
    FOR EACH ROW WHEN (OLD.state = 'open' AND NEW.state <> 'open') EXECUTE FUNCTION slack_card_closed();

CREATE FUNCTION slack_answering_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM slack_threads WHERE conversation_id = NEW.id AND side = 'staff') THEN
        PERFORM slack_job('slack_staff', NEW.id);
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER slack_answering_changed AFTER UPDATE OF answering ON conversations
    FOR EACH ROW WHEN (OLD.answering <> NEW.answering) EXECUTE FUNCTION slack_answering_changed();
