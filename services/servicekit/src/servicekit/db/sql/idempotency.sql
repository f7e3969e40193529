-- One row per write that was answered: the same key gives the same bytes again. Written in the write's own transaction.
CREATE TABLE idempotency (
    caller      text NOT NULL,              -- issuer and subject of the token
    route       text NOT NULL,
    key         text NOT NULL,
    body_hash   bytea NOT NULL,
    status      smallint NOT NULL,
    headers     jsonb NOT NULL,
    body        bytea NOT NULL,
    grant_id    text,                       -- the grant that this write used up
    created_at  timestamptz NOT NULL,
    PRIMARY KEY (caller, route, key)
);
CREATE INDEX idempotency_by_time ON idempotency (created_at);
-- A grant is good for one effect, whatever keys are tried.
CREATE UNIQUE INDEX idempotency_grant ON idempotency (grant_id) WHERE grant_id IS NOT NULL;
