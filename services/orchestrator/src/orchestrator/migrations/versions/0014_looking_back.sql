-- The turns of some days, replayed for somebody at the console a few at a time: how far, and what was counted by then. It
-- names turns, and nothing that was said in them.
CREATE TABLE replay_spans (
    id              text PRIMARY KEY,
    issuer          text NOT NULL,
    asked_by        text NOT NULL,
    since           timestamptz NOT NULL,
    until           timestamptz NOT NULL,
    edits           jsonb NOT NULL,             -- the fields of policies that were filled in
    at              timestamptz NOT NULL,       -- behind the last turn that was counted
    behind          text NOT NULL DEFAULT '',
    counts          jsonb NOT NULL,
    done            boolean NOT NULL DEFAULT false,
    created_at      timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX replay_spans_of ON replay_spans (issuer, created_at DESC);
CREATE INDEX replay_spans_age ON replay_spans (created_at);

-- What was counted over the conversations of the last so many days: made anew every few minutes, read by the console.
CREATE TABLE figure_counts (
    issuer          text NOT NULL,
    days            integer NOT NULL,
    counts          jsonb NOT NULL,
    counted_at      timestamptz NOT NULL,
    PRIMARY KEY (issuer, days)
);

-- Conversations that look resolved, drawn by chance for staff to audit: were they? NULL: nobody has said yet.
CREATE TABLE resolved_samples (
    conversation_id text PRIMARY KEY REFERENCES conversations (id),
    issuer          text NOT NULL,
    drawn_at        timestamptz NOT NULL DEFAULT now(),
    solved          boolean,
    audited_by      text,
    audited_at      timestamptz
);
CREATE INDEX resolved_samples_open ON resolved_samples (issuer, drawn_at) WHERE solved IS NULL;
CREATE INDEX staff_messages_time ON staff_messages (said_at);
CREATE INDEX conversations_begun ON conversations (issuer, created_at);

-- Which text of a policy was in force since when: a row each time that a process sees another one than was seen last.
-- `released_by` is what the process was told, and empty where nobody told it.
CREATE TABLE policy_versions (
    id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name            text NOT NULL,
    version         text NOT NULL,
    digest          text NOT NULL,
    content         text NOT NULL,
    seen_at         timestamptz NOT NULL,
    seen_by         text NOT NULL,
    release         text NOT NULL,
    released_by     text NOT NULL
);
CREATE INDEX policy_versions_of ON policy_versions (name, id DESC);

-- Sign-ins that are under way at an organisation's provider: each is taken out when its browser comes back.
CREATE TABLE console_sign_ins (
    state_hash      bytea PRIMARY KEY,
    browser_hash    bytea NOT NULL,
    nonce           text NOT NULL,
    verifier        text NOT NULL,
    created_at      timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX console_sign_ins_age ON console_sign_ins (created_at);
