-- A question that the knowledge base did not answer: one row per turn, written in the transaction that ends the turn.
-- The question is masked, and sealed with the conversation's data key: whoever is erased takes it along.
-- `strength`, `gap` and `cover` are the search's own numbers; the page is the nearest one that it found.
CREATE TABLE knowledge_gaps (
    turn_id         text PRIMARY KEY REFERENCES turns (id),
    conversation_id text NOT NULL REFERENCES conversations (id),
    reason          text NOT NULL CHECK (reason IN ('not_answerable', 'unsupported', 'thumbs_down')),
    question        bytea NOT NULL,
    strength        real NOT NULL,
    gap             real NOT NULL,
    cover           real NOT NULL,
    page_title      text NOT NULL DEFAULT '',
    page_url        text NOT NULL DEFAULT '',
    asked_at        timestamptz NOT NULL DEFAULT now(),
    answered_at     timestamptz,                -- the knowledge base answers it by now
    dismissed_at    timestamptz,                -- on the earliest question of a group: all of the group is hidden
    dismissed_by    text,
    note            bytea                       -- sealed
);
CREATE INDEX knowledge_gaps_by_time ON knowledge_gaps (asked_at);
