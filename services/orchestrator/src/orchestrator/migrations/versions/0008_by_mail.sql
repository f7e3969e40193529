-- A turn whose answer was promised by e-mail, because too many waited: 'promised' while it waits behind everybody who is
-- there, 'hurried' when its customer came back and has a place like everybody, 'due' when the job that sends it is there.
ALTER TABLE turns ADD COLUMN by_mail text CHECK (by_mail IN ('promised', 'hurried', 'due'));

-- Enqueue the job that runs a turn. Nobody watches one that is promised by e-mail: it is a job of its own kind, behind
-- everything that somebody waits for. A customer with three other turns at work waits behind those who have fewer.
CREATE OR REPLACE FUNCTION job_run_turn(p_turn text) RETURNS void LANGUAGE sql AS $$
    WITH turn AS (
        SELECT EXISTS (SELECT FROM turns WHERE id = $1 AND by_mail = 'promised' AND runs = 0) AS later,
            (SELECT count(*) FROM turns t JOIN conversations c ON c.id = t.conversation_id
                JOIN conversations d ON d.subject_hash = c.subject_hash
                JOIN turns o ON o.conversation_id = d.id AND o.status = 'running' AND o.id <> t.id
                WHERE t.id = $1) >= 3 AS crowds
    ), job AS (
        INSERT INTO pgqueuer (priority, entrypoint, payload, execute_after, headers, status)
        SELECT CASE WHEN later AND crowds THEN 1 WHEN later THEN 2 WHEN crowds THEN 6 ELSE 10 END,
            CASE WHEN later THEN 'run_later' ELSE 'run_turn' END, convert_to($1, 'UTF8'), now(), 'null', 'queued'
        FROM turn RETURNING id, entrypoint, priority
    )
    INSERT INTO pgqueuer_log (job_id, status, entrypoint, priority) SELECT id, 'queued', entrypoint, priority FROM job
$$;

-- The customer of a turn that is promised by e-mail is there again, and there is room: it waits like any other now.
CREATE FUNCTION turn_hurry(p_turn text) RETURNS void LANGUAGE sql AS $$
    WITH turn AS (
        UPDATE turns SET by_mail = 'hurried' WHERE id = $1 AND by_mail = 'promised' AND runs = 0 RETURNING id
    )
    UPDATE pgqueuer SET entrypoint = 'run_turn', priority = 10
        FROM turn WHERE entrypoint = 'run_later' AND payload = convert_to(turn.id, 'UTF8') AND status = 'queued'
$$;

DROP FUNCTION message_accept;
DROP FUNCTION turn_begin;

-- As before; with p_by_mail the answer is promised by e-mail.
CREATE FUNCTION turn_begin(p_conversation text, p_turn text, p_status text, p_request text, p_at_ms bigint, p_payload bytea,
                           p_client_turn text, p_body_hash bytea, p_said bytea, p_lease_s double precision DEFAULT NULL,
                           p_by_mail boolean DEFAULT false)
RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
    v_ordinal integer;
BEGIN
    INSERT INTO turns (id, conversation_id, ordinal, status, request_id, runs, leased_until, by_mail)
        SELECT p_turn, p_conversation, coalesce(max(ordinal), 0) + 1, p_status, p_request,
            CASE WHEN p_lease_s IS NULL THEN 0 ELSE 1 END, now() + make_interval(secs => p_lease_s),
            CASE WHEN p_by_mail THEN 'promised' END
        FROM turns WHERE conversation_id = p_conversation
        RETURNING ordinal INTO v_ordinal;
    PERFORM journal_append(p_conversation, p_turn, 0, ARRAY['turn_started'], ARRAY[p_at_ms], ARRAY[p_payload]);
    PERFORM message_keep(p_conversation, p_client_turn, p_turn, p_body_hash, p_said);
    RETURN v_ordinal;
END $$;

CREATE FUNCTION message_accept(p_conversation text, p_answering text, p_plain boolean, p_turn text, p_request text,
                               p_at_ms bigint, p_payload bytea, p_client_turn text, p_body_hash bytea, p_said bytea,
                               p_lease_s double precision, p_by_mail boolean DEFAULT false,
                               OUT state text, OUT turn text, OUT sent bytea, OUT ordinal integer) LANGUAGE plpgsql AS $$
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
    ordinal := turn_begin(p_conversation, p_turn, 'running', p_request, p_at_ms, p_payload, p_client_turn, p_body_hash,
                          p_said, p_lease_s, p_by_mail);
    IF p_lease_s IS NULL THEN PERFORM job_run_turn(p_turn); END IF;
    state := 'begun';
    turn := p_turn;
END $$;
