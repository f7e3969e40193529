-- How many members of staff must approve, and when the others were reminded.
ALTER TABLE cards ADD COLUMN approvals integer NOT NULL DEFAULT 1 CHECK (approvals >= 1);
ALTER TABLE cards ADD COLUMN reminded_at timestamptz;
CREATE INDEX cards_for_staff ON cards (created_at) WHERE state = 'open' AND kind = 'approval';

-- Each member of staff decides once about a card. Notes are sealed with the conversation's data key.
CREATE TABLE card_decisions (
    turn_id         text NOT NULL,
    digest          text NOT NULL,
    kind            text NOT NULL DEFAULT 'approval' CHECK (kind = 'approval'),
    approver        text NOT NULL,
    approved        boolean NOT NULL,
    notes           bytea,
    decided_at      timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (turn_id, digest, approver),
    FOREIGN KEY (turn_id, digest, kind) REFERENCES cards (turn_id, digest, kind)
);
