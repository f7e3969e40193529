-- A turn may run in the process that accepted it, without a job. Its lease keeps others away; a lease that ran out means
-- that the process died, and the sweep of any worker enqueues the turn.
ALTER TABLE turns ADD COLUMN leased_until timestamptz;

DROP FUNCTION message_accept;
DROP FUNCTION turn_begin;

-- A new turn with its first entry and the message that began it; its place in the conversation. The caller holds the
-- conversation's row lock. With p_lease_s the caller's process runs it at once.
CREATE FUNCTION turn_begin(p_conversation text, p_turn text, p_status text, p_request text, p_at_ms bigint, p_payload bytea,
                           p_client_turn text, p_body_hash bytea, p_said bytea, p_lease_s double precision DEFAULT NULL)
RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
    v_ordinal integer;
BEGIN
    INSERT INTO turns (id, conversation_id, ordinal, status, request_id, runs, leased_until)
        SELECT p_turn, p_conversation, coalesce(max(ordinal), 0) + 1, p_status, p_request,
            CASE WHEN p_lease_s IS NULL THEN 0 ELSE 1 END, now() + make_interval(secs => p_lease_s)
        FROM turns WHERE conversation_id = p_conversation
        RETURNING ordinal INTO v_ordinal;
    PERFORM journal_append(p_conversation, p_turn, 0, ARRAY['turn_started'], ARRAY[p_at_ms], ARRAY[p_payload]);
    PERFORM message_keep(p_conversation, p_client_turn, p_turn, p_body_hash, p_said);
    RETURN v_ordinal;
END $$;

-- Accept a message that simply begins a turn, which is nearly every one. 'look' when there is more to it: the caller
-- then decides under the conversation's lock. 'known' with the turn and the hash of what was sent before.
CREATE FUNCTION message_accept(p_conversation text, p_answering text, p_plain boolean, p_turn text, p_request text,
                               p_at_ms bigint, p_payload bytea, p_client_turn text, p_body_hash bytea, p_said bytea,
                               p_lease_s double precision,
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
                          p_said, p_lease_s);
    IF p_lease_s IS NULL THEN PERFORM job_run_turn(p_turn); END IF;
    state := 'begun';
    turn := p_turn;
END $$;
