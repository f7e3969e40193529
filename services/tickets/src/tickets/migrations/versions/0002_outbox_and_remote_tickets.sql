-- Messages to be delivered: written with the answer of the write that asks for them, delivered by a sender of the service.
-- `place` is the order of writing. A sender that takes a row counts a try and moves `next_try_at` behind its own time limit;
-- nobody else takes the row until then. What was delivered keeps no text.
CREATE TABLE outbox (
    id              text PRIMARY KEY,
    place           bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
    kind            text NOT NULL CHECK (kind IN ('email', 'slack')),
    recipient       text NOT NULL,
    subject         text NOT NULL,
    body            text NOT NULL,
    requester       text NOT NULL,
    conversation_id text,
    turn_id         text,
    state           text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'sent', 'failed')),
    tries           integer NOT NULL DEFAULT 0,
    reason          text NOT NULL DEFAULT '',
    next_try_at     timestamptz NOT NULL,
    created_at      timestamptz NOT NULL,
    ended_at        timestamptz
);
CREATE INDEX outbox_due ON outbox (kind, place) WHERE state = 'waiting';

-- Tickets of another system: that one is to be opened is written before it is opened there. `ref` is what our ticket has as
-- `id` and theirs as external id; `remote_id` is theirs, once it is known. `tries` counts how often we set out to open it.
CREATE TABLE remote_tickets (
    ref        text PRIMARY KEY,
    tries      integer NOT NULL DEFAULT 1,
    remote_id  text,
    status     text,
    created_at timestamptz NOT NULL
);

-- Our own numbers are unique. Another system's (`#35436`) are its own affair: an account that is replaced counts anew.
ALTER TABLE tickets DROP CONSTRAINT tickets_number_key;
CREATE UNIQUE INDEX tickets_number ON tickets (number) WHERE number NOT LIKE '#%';
