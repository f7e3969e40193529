-- The audit record: append-only, hash-chained over the stored bytes. Several chains, so that writers do not queue for one.
CREATE TABLE audit (
    chain       smallint NOT NULL,
    seq         bigint NOT NULL,
    at          timestamptz NOT NULL,
    tool        text NOT NULL,
    outcome     text NOT NULL,
    request_id  text NOT NULL,
    entry       bytea NOT NULL,             -- canonical JSON: what the hash covers
    subject     text,                       -- in clear only here; entry holds sha256(salt + subject)
    salt        bytea,
    prev_hash   bytea NOT NULL,
    hash        bytea NOT NULL,             -- sha256(prev_hash || "chain|seq\n" || entry)
    PRIMARY KEY (chain, seq)
);
CREATE INDEX audit_by_time ON audit (at);
CREATE INDEX audit_by_request ON audit (request_id);
CREATE INDEX audit_by_subject ON audit (subject) WHERE subject IS NOT NULL;

CREATE TABLE audit_heads (
    chain       smallint PRIMARY KEY,
    seq         bigint NOT NULL,
    hash        bytea NOT NULL
) WITH (fillfactor = 10);
INSERT INTO audit_heads SELECT i, 0, decode(repeat('00', 32), 'hex') FROM generate_series(0, 31) AS i;

-- Takes any chain that nobody is writing to; waits only when all of them are busy.
CREATE FUNCTION audit_append(p_at timestamptz, p_tool text, p_outcome text, p_request_id text, p_entry bytea,
                             p_subject text, p_salt bytea) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    head audit_heads;
    next_hash bytea;
    any_chain smallint := floor(random() * 32);
BEGIN
    SELECT * INTO head FROM audit_heads LIMIT 1 FOR UPDATE SKIP LOCKED;
    IF NOT FOUND THEN
        SELECT * INTO STRICT head FROM audit_heads WHERE chain = any_chain FOR UPDATE;
    END IF;
    next_hash := sha256(head.hash || convert_to(head.chain || '|' || (head.seq + 1) || E'\n', 'UTF8') || p_entry);
    INSERT INTO audit VALUES (head.chain, head.seq + 1, p_at, p_tool, p_outcome, p_request_id, p_entry, p_subject, p_salt,
                              head.hash, next_hash);
    UPDATE audit_heads SET seq = head.seq + 1, hash = next_hash WHERE chain = head.chain;
END $$;

-- Nothing is ever changed or deleted, but for one thing: a person's erasure takes subject and salt away. The chain
-- covers neither, so it still verifies.
CREATE FUNCTION audit_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND NEW.subject IS NULL AND NEW.salt IS NULL
       AND (NEW.chain, NEW.seq, NEW.at, NEW.tool, NEW.outcome, NEW.request_id, NEW.entry, NEW.prev_hash, NEW.hash)
           = (OLD.chain, OLD.seq, OLD.at, OLD.tool, OLD.outcome, OLD.request_id, OLD.entry, OLD.prev_hash, OLD.hash) THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'the audit record is append-only' USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER audit_append_only BEFORE UPDATE OR DELETE ON audit FOR EACH ROW EXECUTE FUNCTION audit_refuse_change();
CREATE TRIGGER audit_no_truncate BEFORE TRUNCATE ON audit FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse_change();
