-- Numbers below 10023 are kept for imported and demo tickets.
CREATE SEQUENCE ticket_numbers START WITH 10023;

-- `requester` is the token's subject: a customer, or a guest's random id. The conversation and the turn are the token's too.
CREATE TABLE tickets (
    id              text PRIMARY KEY,
    number          text NOT NULL UNIQUE,
    requester       text NOT NULL,
    guest           boolean NOT NULL,
    subject         text NOT NULL,
    body            text NOT NULL,
    category        text NOT NULL CHECK (category IN ('order', 'billing', 'refund', 'product', 'technical', 'other')),
    priority        text NOT NULL CHECK (priority IN ('low', 'normal', 'high', 'urgent')),
    queue           text NOT NULL,
    status          text NOT NULL DEFAULT 'open' CHECK (status IN ('open', 'pending', 'solved', 'closed')),
    order_id        text,
    conversation_id text,
    turn_id         text,
    first_reply_due timestamptz NOT NULL,
    created_at      timestamptz NOT NULL
);
CREATE INDEX tickets_of_requester ON tickets (requester, created_at DESC);
CREATE INDEX tickets_due ON tickets (first_reply_due) WHERE status = 'open';

-- What happened to a ticket, in order. Rows are only ever added.
CREATE TABLE ticket_events (
    id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    ticket_id text NOT NULL REFERENCES tickets (id),
    kind      text NOT NULL CHECK (kind IN ('created', 'handed_off')),
    actor     text NOT NULL,
    at        timestamptz NOT NULL
);
CREATE INDEX ticket_events_of_ticket ON ticket_events (ticket_id, id);

CREATE FUNCTION ticket_events_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'ticket events are append-only' USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER ticket_events_append_only BEFORE UPDATE OR DELETE ON ticket_events
    FOR EACH ROW EXECUTE FUNCTION ticket_events_refuse_change();
CREATE TRIGGER ticket_events_no_truncate BEFORE TRUNCATE ON ticket_events
    FOR EACH STATEMENT EXECUTE FUNCTION ticket_events_refuse_change();

-- Who waits for a person. `place` orders a queue: the position is the number of open rows before this one.
CREATE TABLE handoffs (
    id              text PRIMARY KEY,
    place           bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
    ticket_id       text NOT NULL UNIQUE REFERENCES tickets (id),
    requester       text NOT NULL,
    conversation_id text,
    reason          text NOT NULL,
    summary         text NOT NULL,
    transcript      text NOT NULL,
    queue           text NOT NULL,
    status          text NOT NULL DEFAULT 'open' CHECK (status IN ('open', 'taken', 'closed')),
    reply_due       timestamptz NOT NULL,
    created_at      timestamptz NOT NULL
);
-- One open hand-over per conversation (and requester: nobody gets to see another's).
CREATE UNIQUE INDEX handoffs_one_open ON handoffs (conversation_id, requester) WHERE status = 'open';
CREATE INDEX handoffs_queue ON handoffs (queue, place) WHERE status = 'open';
