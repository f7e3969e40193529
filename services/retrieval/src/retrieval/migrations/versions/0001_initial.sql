-- The knowledge base. The vector index is made from these tables alone, without the embedding model.
CREATE TABLE documents (
    id           text PRIMARY KEY,           -- derived from the URL
    url          text NOT NULL UNIQUE,
    source       text NOT NULL,              -- who declares full sets: a folder, "api"
    title        text NOT NULL,
    tags         text[] NOT NULL,
    channels     text[] NOT NULL,
    is_policy    boolean NOT NULL,
    reviewed     boolean NOT NULL,           -- others are kept, but never found
    updated_at   timestamptz NOT NULL,
    ttl_days     integer,                    -- stale so long after updated_at; null: never
    content_hash text NOT NULL,              -- over all of the above, the body, the chunker and the model
    body         text NOT NULL,
    ingested_at  timestamptz NOT NULL
);
CREATE INDEX documents_by_source ON documents (source);

CREATE TABLE chunks (
    id          text PRIMARY KEY,            -- document id and ordinal
    document_id text NOT NULL REFERENCES documents ON DELETE CASCADE,
    ordinal     integer NOT NULL,
    section     text NOT NULL,
    anchor      text NOT NULL,
    text        text NOT NULL,
    tokens      integer NOT NULL,
    UNIQUE (document_id, ordinal)
);

-- The parts of a chunk that are embedded: 384 float32, little-endian.
CREATE TABLE windows (
    chunk_id  text NOT NULL REFERENCES chunks ON DELETE CASCADE,
    ordinal   integer NOT NULL,
    section   text NOT NULL,
    anchor    text NOT NULL,
    text      text NOT NULL,
    embedding bytea NOT NULL CHECK (octet_length(embedding) = 1536),
    PRIMARY KEY (chunk_id, ordinal)
);

-- One row. revision: raised by each change, so that services see it. epoch: raised to have every index made anew.
CREATE TABLE corpus (
    only_one boolean PRIMARY KEY DEFAULT true CHECK (only_one),
    revision bigint NOT NULL,
    epoch    bigint NOT NULL
);
INSERT INTO corpus (revision, epoch) VALUES (0, 0);
