CREATE TABLE effects (
    id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    owner   text NOT NULL,
    note    text NOT NULL
);
