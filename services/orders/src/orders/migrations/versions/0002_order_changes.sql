-- When an order of a remote shop was last changed, as its webhooks say: one row per order, and nothing of its content.
CREATE TABLE order_changes (
    system      text NOT NULL,
    order_ref   text NOT NULL,
    modified_at timestamptz NOT NULL,
    told_at     timestamptz NOT NULL,
    PRIMARY KEY (system, order_ref)
);

-- The webhooks' deliveries of the last days, by a digest of each: what comes again is known.
CREATE TABLE shop_deliveries (
    system      text NOT NULL,
    delivery    text NOT NULL,
    told_at     timestamptz NOT NULL,
    PRIMARY KEY (system, delivery)
);
CREATE INDEX shop_deliveries_old ON shop_deliveries (told_at);
