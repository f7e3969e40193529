-- A conversation belongs to one subject of one issuer. head_seq and head_hash are the end of its journal's chain.
CREATE TABLE conversations (
    id              text PRIMARY KEY,
    issuer          text NOT NULL,
    subject_hash    text NOT NULL,
    identity        bytea NOT NULL,             -- sealed: subject, e-mail, name
    customer        boolean NOT NULL,
    channel         text NOT NULL,
    session_id      text,                       -- of `POST /chat`: the client's own name for it
    answering       text NOT NULL DEFAULT 'bot' CHECK (answering IN ('bot', 'staff')),
    key_id          text NOT NULL,              -- which master key wraps data_key
    data_key        bytea,                      -- wrapped; NULL once the person was erased
    head_seq        bigint NOT NULL DEFAULT 0,
    head_hash       bytea NOT NULL DEFAULT '\x0000000000000000000000000000000000000000000000000000000000000000',
    tokens          bigint NOT NULL DEFAULT 0,
    cost_micros     bigint NOT NULL DEFAULT 0,
    created_at      timestamptz NOT NULL DEFAULT now(),
    updated_at      timestamptz NOT NULL DEFAULT now()
) WITH (fillfactor = 80);
CREATE INDEX conversations_subject ON conversations (subject_hash, created_at DESC);

CREATE UNIQUE INDEX conversations_session ON conversations (subject_hash, session_id);

-- One row per turn: what is queryable without opening the sealed journal (TURN-11).
CREATE TABLE turns (
    id              text PRIMARY KEY,
    conversation_id text NOT NULL REFERENCES conversations (id),
    ordinal         integer NOT NULL,
    status          text NOT NULL CHECK (status IN ('queued', 'running', 'waiting', 'ended')),
    inputs          integer NOT NULL DEFAULT 0,
    runs            integer NOT NULL DEFAULT 0,
    request_id      text NOT NULL DEFAULT '',
    outcome         text,
    final_event     bytea,                      -- sealed EndEvent
    tools           jsonb NOT NULL DEFAULT '[]',
    repairs         jsonb NOT NULL DEFAULT '[]',
    tokens_in       integer NOT NULL DEFAULT 0,
    tokens_out      integer NOT NULL DEFAULT 0,
    cost_micros     bigint NOT NULL DEFAULT 0,
    model           text NOT NULL DEFAULT '',
    confidence      real,
    worked_ms       integer,
    created_at      timestamptz NOT NULL DEFAULT now(),
    ended_at        timestamptz,
    UNIQUE (conversation_id, ordinal)
) WITH (fillfactor = 70);
CREATE INDEX turns_open ON turns (conversation_id, ordinal) WHERE status <> 'ended';
CREATE INDEX turns_by_time ON turns (created_at);

-- Each message that was accepted, and the turn that answers it: (conversation, client_turn_id) is one turn, whatever is resent.
CREATE TABLE messages (
    conversation_id text NOT NULL REFERENCES conversations (id),
    client_turn_id  text NOT NULL,
    turn_id         text NOT NULL REFERENCES turns (id),
    body_hash       bytea NOT NULL,
    created_at      timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (conversation_id, client_turn_id)
);

-- What was said, in order, for people to read. Content is sealed with the conversation's data key.
CREATE TABLE thread (
    id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    conversation_id text NOT NULL REFERENCES conversations (id),
    turn_id         text,
    role            text NOT NULL CHECK (role IN ('customer', 'assistant', 'staff')),
    content         bytea NOT NULL,
    created_at      timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX thread_conversation ON thread (conversation_id, id);

-- Append-only and hash-chained per conversation over the stored bytes: destroying the data key erases a person
-- while the chain still verifies.
CREATE TABLE journal (
    conversation_id text NOT NULL REFERENCES conversations (id),
    seq             bigint NOT NULL,
    turn_id         text NOT NULL,
    turn_seq        integer NOT NULL,
    kind            text NOT NULL,
    at_ms           bigint NOT NULL,
    payload         bytea NOT NULL,
    prev_hash       bytea NOT NULL,
    hash            bytea NOT NULL,
    PRIMARY KEY (conversation_id, seq),
    UNIQUE (turn_id, turn_seq)
);

-- A decision that a turn waits for.
CREATE TABLE cards (
    turn_id         text NOT NULL REFERENCES turns (id),
    digest          text NOT NULL,
    conversation_id text NOT NULL REFERENCES conversations (id),
    kind            text NOT NULL CHECK (kind IN ('confirmation', 'approval')),
    content         bytea NOT NULL,             -- sealed card: tool, summary, money
    state           text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'yes', 'no', 'expired')),
    expires_at      timestamptz NOT NULL,
    decided_by      text,
    notes           bytea,
    created_at      timestamptz NOT NULL DEFAULT now(),
    decided_at      timestamptz,
    PRIMARY KEY (turn_id, digest, kind)
);
CREATE INDEX cards_open ON cards (conversation_id) WHERE state = 'open';

CREATE TABLE feedback (
    id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    conversation_id text NOT NULL REFERENCES conversations (id),
    turn_id         text NOT NULL REFERENCES turns (id),
    thumbs          smallint CHECK (thumbs IN (-1, 1)),
    csat            smallint CHECK (csat BETWEEN 1 AND 5),
    tags            text[] NOT NULL DEFAULT '{}',
    comment         bytea,
    created_at      timestamptz NOT NULL DEFAULT now(),
    UNIQUE (turn_id)
);

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the journal is append-only' USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER journal_append_only BEFORE UPDATE OR DELETE ON journal FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER journal_no_truncate BEFORE TRUNCATE ON journal FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- The bytes that a row's hash covers besides the previous hash: every column, in one unambiguous line, then the payload.
CREATE FUNCTION journal_line(conversation_id text, seq bigint, turn_id text, turn_seq integer, kind text, at_ms bigint)
RETURNS bytea LANGUAGE sql IMMUTABLE AS $$
    SELECT convert_to(concat_ws('|', $1, $2, $3, $4, $5, $6) || chr(10), 'UTF8')
$$;

-- Appends inputs behind the first p_after inputs of a turn; raises JC001 when the turn has more already.
CREATE FUNCTION journal_append(p_conversation text, p_turn text, p_after integer, p_kinds text[], p_at_ms bigint[],
                               p_payloads bytea[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    v_seq bigint;
    v_hash bytea;
    v_prev bytea;
BEGIN
    SELECT head_seq, head_hash INTO STRICT v_seq, v_hash FROM conversations WHERE id = p_conversation FOR UPDATE;
    UPDATE turns SET inputs = inputs + cardinality(p_kinds) WHERE id = p_turn AND inputs = p_after AND status <> 'ended';
    IF NOT FOUND THEN
        RAISE EXCEPTION 'turn % has gone on elsewhere', p_turn USING ERRCODE = 'JC001';
    END IF;
    FOR i IN 1 .. cardinality(p_kinds) LOOP
        v_seq := v_seq + 1;
        v_prev := v_hash;
        v_hash := sha256(v_prev || journal_line(p_conversation, v_seq, p_turn, p_after + i, p_kinds[i], p_at_ms[i])
                         || p_payloads[i]);
        INSERT INTO journal VALUES (p_conversation, v_seq, p_turn, p_after + i, p_kinds[i], p_at_ms[i], p_payloads[i],
                                    v_prev, v_hash);
    END LOOP;
    UPDATE conversations SET head_seq = v_seq, head_hash = v_hash WHERE id = p_conversation;
END $$;

-- The steps below are functions because each is one round trip then; what they mean is decided in Python.

-- Enqueue the job that runs a turn, exactly as pgqueuer's own enqueue does (a test compares the two).
CREATE FUNCTION job_run_turn(p_turn text) RETURNS void LANGUAGE sql AS $$
    WITH job AS (
        INSERT INTO pgqueuer (priority, entrypoint, payload, execute_after, headers, status)
        VALUES (10, 'run_turn', convert_to($1, 'UTF8'), now(), 'null', 'queued') RETURNING id, entrypoint, priority
    )
    INSERT INTO pgqueuer_log (job_id, status, entrypoint, priority) SELECT id, 'queued', entrypoint, priority FROM job
$$;

-- Accept a message that simply begins a turn, which is nearly every one. 'look' when there is more to it: the caller
-- then decides under the conversation's lock. 'known' with the turn and the hash of what was sent before.
CREATE FUNCTION message_accept(p_conversation text, p_answering text, p_plain boolean, p_turn text, p_request text,
                               p_at_ms bigint, p_payload bytea, p_client_turn text, p_body_hash bytea, p_said bytea,
                               OUT state text, OUT turn text, OUT sent bytea) LANGUAGE plpgsql AS $$
BEGIN
    state := 'look';
    PERFORM FROM conversations WHERE id = p_conversation AND answering = p_answering FOR UPDATE;
    IF NOT FOUND THEN RETURN; END IF;
    SELECT m.turn_id, m.body_hash INTO turn, sent FROM messages m
        WHERE m.conversation_id = p_conversation AND m.client_turn_id = p_client_turn;
    IF FOUND THEN state := 'known'; RETURN; END IF;
    IF EXISTS (SELECT FROM turns t WHERE t.conversation_id = p_conversation AND t.status IN ('queued', 'running'))
        OR p_plain AND EXISTS (SELECT FROM cards c WHERE c.conversation_id = p_conversation AND c.state = 'open')
    THEN RETURN; END IF;
    PERFORM turn_begin(p_conversation, p_turn, 'running', p_request, p_at_ms, p_payload, p_client_turn, p_body_hash,
                       p_said);
    PERFORM job_run_turn(p_turn);
    state := 'begun';
    turn := p_turn;
END $$;

-- A new turn with its first entry and the message that began it. The caller holds the conversation's row lock.
CREATE FUNCTION turn_begin(p_conversation text, p_turn text, p_status text, p_request text, p_at_ms bigint, p_payload bytea,
                           p_client_turn text, p_body_hash bytea, p_said bytea) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO turns (id, conversation_id, ordinal, status, request_id)
        SELECT p_turn, p_conversation, coalesce(max(ordinal), 0) + 1, p_status, p_request
        FROM turns WHERE conversation_id = p_conversation;
    PERFORM journal_append(p_conversation, p_turn, 0, ARRAY['turn_started'], ARRAY[p_at_ms], ARRAY[p_payload]);
    PERFORM message_keep(p_conversation, p_client_turn, p_turn, p_body_hash, p_said);
END $$;

-- A message that was accepted, and what it said.
CREATE FUNCTION message_keep(p_conversation text, p_client_turn text, p_turn text, p_body_hash bytea, p_said bytea)
RETURNS void LANGUAGE sql AS $$
    INSERT INTO thread (conversation_id, turn_id, role, content) VALUES ($1, $3, 'customer', $5);
    INSERT INTO messages (conversation_id, client_turn_id, turn_id, body_hash) VALUES ($1, $2, $3, $4);
$$;

-- Close a turn: its last entries, its record, the conversation's totals, the answer; the next queued turn may run.
-- A hand-over stays: a turn that was accepted before it and ends after it does not take it back.
CREATE FUNCTION turn_end(p_conversation text, p_turn text, p_after integer, p_kinds text[], p_at_ms bigint[],
                         p_payloads bytea[], p_record jsonb, p_final bytea, p_answer bytea) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM journal_append(p_conversation, p_turn, p_after, p_kinds, p_at_ms, p_payloads);
    UPDATE turns SET status = 'ended', final_event = p_final, ended_at = now(), outcome = r.outcome, tools = r.tools,
        repairs = r.repairs, tokens_in = r.tokens_in, tokens_out = r.tokens_out, cost_micros = r.cost_micros,
        model = r.model, confidence = r.confidence, worked_ms = r.worked_ms
        FROM jsonb_to_record(p_record) AS r(outcome text, tools jsonb, repairs jsonb, tokens_in integer,
            tokens_out integer, cost_micros bigint, model text, confidence real, worked_ms integer)
        WHERE id = p_turn;
    UPDATE conversations SET updated_at = now(),
        tokens = tokens + (p_record ->> 'tokens_in')::bigint + (p_record ->> 'tokens_out')::bigint,
        cost_micros = cost_micros + (p_record ->> 'cost_micros')::bigint,
        answering = CASE WHEN p_record ->> 'answering' = 'staff' THEN 'staff' ELSE answering END
        WHERE id = p_conversation;
    IF p_answer IS NOT NULL THEN
        INSERT INTO thread (conversation_id, turn_id, role, content)
            VALUES (p_conversation, p_turn, 'assistant', p_answer);
    END IF;
    PERFORM turn_start_next(p_conversation);
END $$;

-- The conversation's next queued turn may run now.
CREATE FUNCTION turn_start_next(p_conversation text) RETURNS void LANGUAGE sql AS $$
    WITH following AS (
        UPDATE turns SET status = 'running' WHERE id = (SELECT id FROM turns WHERE conversation_id = $1
            AND status = 'queued' ORDER BY ordinal LIMIT 1) RETURNING id
    )
    SELECT job_run_turn(id) FROM following
$$;
