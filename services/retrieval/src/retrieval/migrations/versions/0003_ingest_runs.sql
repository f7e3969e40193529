-- One row per run. A row that says "running" while nobody holds the source's lock belongs to a process that died.
CREATE TABLE ingest_runs (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    source     text NOT NULL,
    kind       text NOT NULL,              -- files, site, wordpress, push
    state      text NOT NULL CHECK (state IN ('running', 'done', 'failed', 'interrupted')),
    started_at timestamptz NOT NULL,
    ended_at   timestamptz,
    created    integer NOT NULL DEFAULT 0,
    updated    integer NOT NULL DEFAULT 0,
    unchanged  integer NOT NULL DEFAULT 0,
    deleted    integer NOT NULL DEFAULT 0,
    refused    integer NOT NULL DEFAULT 0,
    skipped    integer NOT NULL DEFAULT 0,
    error      text NOT NULL DEFAULT '',   -- of the run, else the last refusal
    cursor     text NOT NULL DEFAULT ''    -- where the next run goes on; set when this one came to its end
);
CREATE INDEX ingest_runs_by_source ON ingest_runs (source, id DESC);

-- Where a document was found, and what lets it be recognised as unchanged there. Gone with its document.
CREATE TABLE document_origins (
    document_id   text PRIMARY KEY REFERENCES documents ON DELETE CASCADE,
    place         text NOT NULL,           -- a path, an address, "post:7"
    made_with     text NOT NULL,           -- the options and the reader that made the document
    etag          text NOT NULL,
    last_modified text NOT NULL,           -- as the server said it
    lastmod       text NOT NULL            -- as the sitemap said it
);
