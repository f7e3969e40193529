-- An answer that staff gave several customers in nearly the same words. It has no text of its own: that stands in the
-- threads, sealed with the keys of their conversations, so whoever is erased takes theirs along.
CREATE TABLE macro_suggestions (
    id              text PRIMARY KEY,
    issuer          text NOT NULL,
    language        text NOT NULL,
    state           text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'approved', 'dismissed')),
    in_vain         integer NOT NULL DEFAULT 0, -- questions alike that the knowledge base did not answer
    found_at        timestamptz NOT NULL,
    decided_at      timestamptz,
    decided_by      text,
    dismissed_of    integer                     -- so many conversations it had when it was dismissed
);
CREATE INDEX macro_suggestions_of ON macro_suggestions (issuer, state);

-- The answers that a suggestion is made of: places in the thread.
CREATE TABLE macro_evidence (
    place           bigint PRIMARY KEY,
    asked_place     bigint NOT NULL,
    suggestion_id   text NOT NULL REFERENCES macro_suggestions (id) ON DELETE CASCADE,
    conversation_id text NOT NULL REFERENCES conversations (id),
    reason          text NOT NULL,
    said_at         timestamptz NOT NULL
);
CREATE INDEX macro_evidence_of ON macro_evidence (suggestion_id, place);
CREATE INDEX macro_evidence_conversation ON macro_evidence (conversation_id);
CREATE INDEX macro_evidence_age ON macro_evidence (said_at);

-- When a site's answers were looked at last, and what that took. `done_at` before `begun_at`: it is under way, or was
-- broken off.
CREATE TABLE macro_runs (
    issuer          text PRIMARY KEY,
    begun_at        timestamptz NOT NULL,
    done_at         timestamptz,
    answers         integer NOT NULL DEFAULT 0,
    clusters        integer NOT NULL DEFAULT 0,
    cut             boolean NOT NULL DEFAULT false,
    took_ms         integer NOT NULL DEFAULT 0
);

-- A text that somebody has approved: the shop's own from then on, like a help page.
CREATE TABLE macros (
    id              text PRIMARY KEY,
    issuer          text NOT NULL,
    language        text NOT NULL,
    version         integer NOT NULL DEFAULT 1,
    suggestion_id   text UNIQUE,
    created_at      timestamptz NOT NULL,
    retired_at      timestamptz,
    retired_by      text
);
CREATE INDEX macros_of ON macros (issuer) WHERE retired_at IS NULL;

CREATE TABLE macro_versions (
    macro_id        text NOT NULL REFERENCES macros (id),
    version         integer NOT NULL,
    question        text NOT NULL,
    content         text NOT NULL,
    changed_by      text NOT NULL,
    changed_at      timestamptz NOT NULL,
    PRIMARY KEY (macro_id, version)
);

-- Which macro a message of staff was made from, and how much of it was kept (0 to 1).
ALTER TABLE staff_messages ADD COLUMN macro_id text;
ALTER TABLE staff_messages ADD COLUMN macro_version integer;
ALTER TABLE staff_messages ADD COLUMN macro_kept real;
CREATE INDEX staff_messages_macro ON staff_messages (macro_id, macro_version) WHERE macro_id IS NOT NULL;

-- What staff said, by time: the daily look reads nothing else of the thread.
CREATE INDEX thread_of_staff ON thread (created_at DESC) WHERE role = 'staff';
