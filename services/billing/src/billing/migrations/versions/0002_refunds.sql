-- Who holds the money of a charge (NULL: the provider that the settings name), and what was found out about its payer.
-- provider_charge: the provider's own id of the payment (NULL: the same as ours). refunded_before_minor: given back before
-- this table of refunds existed.
ALTER TABLE charges
    ADD COLUMN provider              text,
    ADD COLUMN provider_charge       text,
    ADD COLUMN risk_flags            text[] NOT NULL DEFAULT '{}',
    ADD COLUMN refunded_before_minor bigint NOT NULL DEFAULT 0,
    ADD CONSTRAINT charges_refunded_before CHECK (refunded_before_minor BETWEEN 0 AND amount_minor);
CREATE UNIQUE INDEX charges_at_provider ON charges (coalesce(provider, ''), provider_charge);

-- One row per refund that a customer confirmed. Its state changes only together with an event (refund_append); what was
-- confirmed never changes.
CREATE TABLE refunds (
    id              text PRIMARY KEY,
    charge_id       text NOT NULL REFERENCES charges (id),
    order_id        text NOT NULL,
    customer_id     text NOT NULL,
    conversation_id text NOT NULL CHECK (conversation_id !~ '[|\n]'),
    grant_id        text NOT NULL UNIQUE,           -- the customer's yes: good for one refund
    provider        text NOT NULL,                  -- where the money is, whatever the settings say later
    amount_minor    bigint NOT NULL CHECK (amount_minor > 0),
    currency        text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    reason          text NOT NULL,                  -- the customer's words
    draft           jsonb NOT NULL,                 -- what the customer was shown: summary, before, after
    approvals       integer NOT NULL CHECK (approvals >= 0),
    clause          text NOT NULL,
    sentence        text NOT NULL,                  -- of the clause, as the policy had it then
    reasons         text[] NOT NULL,
    state           text NOT NULL CHECK (state IN ('requested', 'confirmed', 'approved', 'denied', 'expired',
                                                   'submitted', 'succeeded', 'failed')),
    approval_key    text,                           -- which call approved it
    note            text NOT NULL DEFAULT '',       -- of staff who denied it
    attempts        integer NOT NULL DEFAULT 0,     -- of the reconciler
    check_at        timestamptz NOT NULL,           -- when the reconciler looks at it, while it waits or is under way
    created_at      timestamptz NOT NULL,
    updated_at      timestamptz NOT NULL
) WITH (fillfactor = 80);
CREATE INDEX refunds_of_charge ON refunds (charge_id);
CREATE INDEX refunds_of_order ON refunds (customer_id, order_id, created_at DESC);
CREATE INDEX refunds_of_day ON refunds (created_at);
CREATE INDEX refunds_open ON refunds (check_at) WHERE state IN ('confirmed', 'approved', 'submitted');

-- The end of each conversation's chain of events.
CREATE TABLE refund_heads (
    conversation_id text PRIMARY KEY,
    seq             bigint NOT NULL,
    hash            bytea NOT NULL
) WITH (fillfactor = 50);

-- Who did what when. Append-only and hash-chained per conversation over the stored bytes.
CREATE TABLE refund_events (
    conversation_id   text NOT NULL REFERENCES refund_heads (conversation_id),
    seq               bigint NOT NULL,
    refund_request_id text NOT NULL REFERENCES refunds (id),
    kind              text NOT NULL,
    at_ms             bigint NOT NULL,
    who               text NOT NULL CHECK (who !~ '[\n\r]'),
    details           bytea NOT NULL,               -- canonical JSON, without anything personal
    prev_hash         bytea NOT NULL,
    hash              bytea NOT NULL,               -- sha256(prev_hash || refund_line(...) || details)
    PRIMARY KEY (conversation_id, seq)
);
CREATE UNIQUE INDEX refund_events_of_refund ON refund_events (refund_request_id, kind);

-- Our own ledger as the provider: what was really given back.
CREATE TABLE ledger_refunds (
    id                bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    refund_request_id text NOT NULL UNIQUE,
    charge_id         text NOT NULL REFERENCES charges (id),
    amount_minor      bigint NOT NULL CHECK (amount_minor > 0),
    currency          text NOT NULL,
    created_at        timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX ledger_refunds_of_charge ON ledger_refunds (charge_id);

-- Never more than was captured, whatever code asks for it. The charge's lock comes first, so that two at once are counted
-- one after the other.
CREATE FUNCTION refund_room(p_charge text, p_currency text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    v_room bigint;
BEGIN
    SELECT amount_minor - refunded_before_minor INTO v_room FROM charges WHERE id = p_charge AND currency = p_currency
        FOR UPDATE;
    RETURN coalesce(v_room, 0);
END $$;

CREATE FUNCTION refunds_within_charge() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    v_room bigint := refund_room(NEW.charge_id, NEW.currency);
    v_taken bigint;
BEGIN
    SELECT coalesce(sum(amount_minor), 0) INTO v_taken FROM refunds
        WHERE charge_id = NEW.charge_id AND state NOT IN ('denied', 'expired', 'failed');
    IF v_taken + NEW.amount_minor > v_room THEN
        RAISE EXCEPTION 'more than is left of charge %', NEW.charge_id USING ERRCODE = 'RF002';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER refunds_within_charge BEFORE INSERT ON refunds FOR EACH ROW EXECUTE FUNCTION refunds_within_charge();

CREATE FUNCTION ledger_within_charge() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    v_room bigint := refund_room(NEW.charge_id, NEW.currency);
    v_taken bigint;
BEGIN
    SELECT coalesce(sum(amount_minor), 0) INTO v_taken FROM ledger_refunds WHERE charge_id = NEW.charge_id;
    IF v_taken + NEW.amount_minor > v_room THEN
        RAISE EXCEPTION 'more than is left of charge %', NEW.charge_id USING ERRCODE = 'RF002';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER ledger_within_charge BEFORE INSERT ON ledger_refunds FOR EACH ROW EXECUTE FUNCTION ledger_within_charge();

-- The bytes that an event's hash covers besides the previous hash. Only `who` can hold a bar, and it stands last.
CREATE FUNCTION refund_line(conversation_id text, seq bigint, refund_request_id text, kind text, at_ms bigint, who text)
RETURNS bytea LANGUAGE sql IMMUTABLE AS $$
    SELECT convert_to(concat_ws('|', $1, $2, $3, $4, $5, $6) || chr(10), 'UTF8')
$$;

-- Appends an event and moves the refund from one state to the next (p_from NULL: its first event). Raises RF001 when the
-- refund is elsewhere by now. Which steps are legal is decided in Python.
CREATE FUNCTION refund_append(p_refund text, p_from text, p_to text, p_who text, p_at timestamptz, p_details bytea)
RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    v_chain text;
    v_head refund_heads;
    v_at_ms bigint := floor(extract(epoch FROM p_at) * 1000);
    v_hash bytea;
BEGIN
    UPDATE refunds SET state = p_to, updated_at = p_at WHERE id = p_refund AND state = coalesce(p_from, p_to)
        RETURNING conversation_id INTO v_chain;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'refund % is not %', p_refund, p_from USING ERRCODE = 'RF001';
    END IF;
    INSERT INTO refund_heads VALUES (v_chain, 0, decode(repeat('00', 32), 'hex')) ON CONFLICT DO NOTHING;
    SELECT * INTO STRICT v_head FROM refund_heads WHERE conversation_id = v_chain FOR UPDATE;
    v_hash := sha256(v_head.hash || refund_line(v_chain, v_head.seq + 1, p_refund, p_to, v_at_ms, p_who) || p_details);
    INSERT INTO refund_events VALUES (v_chain, v_head.seq + 1, p_refund, p_to, v_at_ms, p_who, p_details, v_head.hash,
                                      v_hash);
    UPDATE refund_heads SET seq = v_head.seq + 1, hash = v_hash WHERE conversation_id = v_chain;
END $$;

CREATE FUNCTION refund_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'refunds are append-only' USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER refund_events_append_only BEFORE UPDATE OR DELETE ON refund_events
    FOR EACH ROW EXECUTE FUNCTION refund_refuse_change();
CREATE TRIGGER refund_events_no_truncate BEFORE TRUNCATE ON refund_events
    FOR EACH STATEMENT EXECUTE FUNCTION refund_refuse_change();
CREATE TRIGGER ledger_refunds_append_only BEFORE UPDATE OR DELETE ON ledger_refunds
    FOR EACH ROW EXECUTE FUNCTION refund_refuse_change();
CREATE TRIGGER ledger_refunds_no_truncate BEFORE TRUNCATE ON ledger_refunds
    FOR EACH STATEMENT EXECUTE FUNCTION refund_refuse_change();
CREATE TRIGGER refunds_kept BEFORE DELETE ON refunds FOR EACH ROW EXECUTE FUNCTION refund_refuse_change();
CREATE TRIGGER refunds_fixed BEFORE UPDATE OF id, charge_id, order_id, customer_id, conversation_id, grant_id, provider,
    amount_minor, currency ON refunds FOR EACH ROW EXECUTE FUNCTION refund_refuse_change();

-- No state without its event, whoever writes it: looked at when the transaction ends.
CREATE FUNCTION refund_state_has_event() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM refund_events WHERE refund_request_id = NEW.id AND kind = NEW.state) THEN
        RAISE EXCEPTION 'no event says that refund % is %', NEW.id, NEW.state USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER refund_state_has_event AFTER INSERT OR UPDATE OF state ON refunds DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION refund_state_has_event();
