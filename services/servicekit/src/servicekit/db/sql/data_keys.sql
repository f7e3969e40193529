-- One data key per person, wrapped under a master key: what is sealed with it is gone when the row is. The name is a keyed
-- hash of the token's subject.
CREATE TABLE data_keys (
    subject_hash text PRIMARY KEY,
    key_id       text NOT NULL,              -- which master key wraps it
    wrapped      bytea NOT NULL
);
