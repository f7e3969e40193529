-- What the tokens in journal, thread and cards stand for: each value is sealed with the conversation's data key.
CREATE TABLE vault (
    conversation_id text NOT NULL REFERENCES conversations (id),
    token           text NOT NULL,
    sealed          bytea NOT NULL,
    PRIMARY KEY (conversation_id, token)
);

-- Keep values in the transaction that stores the text with their tokens; what is there already stays as it is.
CREATE FUNCTION vault_keep(p_conversation text, p_tokens text[], p_sealed bytea[]) RETURNS void LANGUAGE sql AS $$
    INSERT INTO vault (conversation_id, token, sealed) SELECT $1, t, s FROM unnest($2, $3) AS u(t, s)
    ON CONFLICT DO NOTHING
$$;

ALTER TABLE conversations ADD COLUMN erased_at timestamptz;
CREATE INDEX conversations_by_age ON conversations (updated_at) WHERE erased_at IS NULL;

-- As before, and JC002 for a conversation whose person was erased: nothing follows from what nobody can read.
CREATE OR REPLACE FUNCTION journal_append(p_conversation text, p_turn text, p_after integer, p_kinds text[],
                                          p_at_ms bigint[], p_payloads bytea[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    v_seq bigint;
    v_hash bytea;
    v_prev bytea;
    v_erased timestamptz;
BEGIN
    SELECT head_seq, head_hash, erased_at INTO STRICT v_seq, v_hash, v_erased FROM conversations
        WHERE id = p_conversation FOR UPDATE;
    IF v_erased IS NOT NULL THEN
        RAISE EXCEPTION 'conversation % was erased', p_conversation USING ERRCODE = 'JC002';
    END IF;
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

-- Requests to erase a person: kept until every service has done it, and afterwards as proof that it was done.
CREATE TABLE privacy_requests (
    id              text PRIMARY KEY,
    issuer          text NOT NULL,
    person          bytea,                      -- sealed subject, for the other services; NULL once all of them are done
    conversations   integer NOT NULL,
    requested_by    text NOT NULL,
    requested_at    timestamptz NOT NULL,
    rounds_left     integer NOT NULL,
    services        jsonb NOT NULL DEFAULT '{}',
    done_at         timestamptz
);
