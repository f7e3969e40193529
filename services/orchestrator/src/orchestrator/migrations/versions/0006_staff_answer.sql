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

-- As before, and with it why a person was fetched. A turn that a person answered changes nothing about who answers: it
-- may end after the conversation was handed back.
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
    PERFORM turn_start_next(p_conversation);
END $$;
