-- Where the answer of a guest's turn is mailed to, sealed with the conversation's key; gone once the mail is.
ALTER TABLE turns ADD COLUMN mail_to bytea;

-- Behind 'due': 'sent' when the ticket service has the answer, 'asked' when it has the card that the turn waits for,
-- 'refused' when nobody takes mail at the address.
ALTER TABLE turns DROP CONSTRAINT turns_by_mail_check;
ALTER TABLE turns ADD CONSTRAINT turns_by_mail_check
    CHECK (by_mail IN ('promised', 'hurried', 'due', 'sent', 'asked', 'refused'));

-- As before; that a mail was refused is known after its turn has ended.
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
    UPDATE turns SET inputs = inputs + cardinality(p_kinds) WHERE id = p_turn AND inputs = p_after
        AND (status <> 'ended' OR p_kinds = ARRAY['mail_refused']);
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
