-- A document is stored with quick vectors and can be found at once; the deep ones follow in the background.
ALTER TABLE windows
    ALTER COLUMN embedding DROP NOT NULL,
    ADD COLUMN quick  bytea CHECK (octet_length(quick) = 512),  -- 256 float16, little-endian; null: made when read
    ADD COLUMN digest bytea;                                    -- SHA-256 of the deep model's id and the indexed text

UPDATE windows w
   SET digest = sha256(convert_to('all-MiniLM-L6-v2-onnx-int8' || E'\n' || d.title || E'\n' || w.text, 'UTF8'))
  FROM chunks c JOIN documents d ON d.id = c.document_id
 WHERE c.id = w.chunk_id;

ALTER TABLE windows ALTER COLUMN digest SET NOT NULL;
CREATE INDEX windows_by_digest ON windows (digest);
CREATE INDEX windows_pending ON windows (chunk_id) WHERE embedding IS NULL;

-- Whether all windows have their deep vector; part of the version that the index compares.
ALTER TABLE documents ADD COLUMN deepened boolean NOT NULL DEFAULT true;
ALTER TABLE documents ALTER COLUMN deepened DROP DEFAULT;
