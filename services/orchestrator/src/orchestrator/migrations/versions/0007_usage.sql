-- What was used, by day (UTC), customer and model: one row is written when a turn ends, in its transaction.
-- Today's rows name their customers by hash, because caps are per customer and day; later they are folded into '',
-- which is nobody: the shop's totals stay when a person is erased.
CREATE TABLE usage_days (
    day             date NOT NULL,
    subject_hash    text NOT NULL,
    model           text NOT NULL,
    turns           integer NOT NULL DEFAULT 0,
    tokens_in       bigint NOT NULL DEFAULT 0,
    tokens_out      bigint NOT NULL DEFAULT 0,
    cost_micros     bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (day, subject_hash, model)
);
CREATE INDEX usage_days_of ON usage_days (subject_hash) WHERE subject_hash <> '';

-- Count an ended turn: p_record has `day` and, by model, `spent`. Whoever is erased already is counted as nobody.
CREATE FUNCTION usage_count(p_conversation text, p_record jsonb) RETURNS void LANGUAGE sql AS $$
    INSERT INTO usage_days AS u (day, subject_hash, model, turns, tokens_in, tokens_out, cost_micros)
        SELECT (p_record ->> 'day')::date, CASE WHEN c.data_key IS NULL THEN '' ELSE c.subject_hash END, s.model, s.turns,
            s.tokens_in, s.tokens_out, s.cost_micros
        FROM conversations c, jsonb_to_recordset(p_record -> 'spent') AS s(model text, turns integer, tokens_in bigint,
            tokens_out bigint, cost_micros bigint)
        WHERE c.id = p_conversation ORDER BY s.model
    ON CONFLICT (day, subject_hash, model) DO UPDATE SET turns = u.turns + excluded.turns,
        tokens_in = u.tokens_in + excluded.tokens_in, tokens_out = u.tokens_out + excluded.tokens_out,
        cost_micros = u.cost_micros + excluded.cost_micros
$$;

-- Forget who used it: of one customer (all days), or of everybody before a day. The totals stay.
CREATE FUNCTION usage_forget(p_subject text, p_before date) RETURNS void LANGUAGE sql AS $$
    WITH gone AS (
        DELETE FROM usage_days WHERE subject_hash <> '' AND (subject_hash = p_subject OR day < p_before) RETURNING *
    )
    INSERT INTO usage_days AS u (day, subject_hash, model, turns, tokens_in, tokens_out, cost_micros)
        SELECT day, '', model, sum(turns), sum(tokens_in), sum(tokens_out), sum(cost_micros)
        FROM gone GROUP BY day, model ORDER BY day, model
    ON CONFLICT (day, subject_hash, model) DO UPDATE SET turns = u.turns + excluded.turns,
        tokens_in = u.tokens_in + excluded.tokens_in, tokens_out = u.tokens_out + excluded.tokens_out,
        cost_micros = u.cost_micros + excluded.cost_micros
$$;

-- As before, with why a person was fetched, and the day's usage. A turn that a person answered changes nothing about who
-- answers: it may end after the conversation was handed back.
CREATE OR REPLACE FUNCTION turn_end(p_conversation text, p_turn text, p_after integer, p_kinds text[], p_at_ms bigint[],
                                    p_payloads bytea[], p_record jsonb, p_final bytea, p_answer bytea) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    v_hands_over boolean := p_record ->> 'answering' = 'staff' AND p_record ->> 'outcome' = 'handed_over';
BEGIN
    PERFORM journal_append(p_conversation, p_turn, p_after, p_kinds, p_at_ms, p_payloads);
    UPDATE turns SET status = 'ended', final_event = p_final, ended_at = now(), outcome = r.outcome, tools = r.tools,
        repairs = r.repairs, tokens_in = r.tokens_in, tokens_out = r.tokens_out, cost_micros = r.cost_micros,
        model = r.model, confidence = r.confidence, worked_ms = r.worked_ms, judged = nullif(r.judged, 'null'),
        handoff_reason = r.handoff_reason
        FROM jsonb_to_record(p_record) AS r(outcome text, tools jsonb, repairs jsonb, tokens_in integer,
            tokens_out integer, cost_micros bigint, model text, confidence real, worked_ms integer, judged jsonb,
            handoff_reason text)
        WHERE id = p_turn;
    UPDATE conversations SET updated_at = now(),
        tokens = tokens + (p_record ->> 'tokens_in')::bigint + (p_record ->> 'tokens_out')::bigint,
        cost_micros = cost_micros + (p_record ->> 'cost_micros')::bigint,
        answering = CASE WHEN v_hands_over THEN 'staff' ELSE answering END,
        staff_since = CASE WHEN v_hands_over AND answering = 'bot' THEN now() ELSE staff_since END,
        staff_reason = CASE WHEN v_hands_over AND answering = 'bot' THEN p_record ->> 'handoff_reason'
                            ELSE staff_reason END
        WHERE id = p_conversation;
    IF p_answer IS NOT NULL THEN
        INSERT INTO thread (conversation_id, turn_id, role, content)
            VALUES (p_conversation, p_turn, 'assistant', p_answer);
    END IF;
    PERFORM usage_count(p_conversation, p_record);
    PERFORM turn_start_next(p_conversation);
END $$;
