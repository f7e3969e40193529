-- An invoice is written once and never changed; a correction is a new one for the same order. Amounts are minor units, tax is included.
CREATE TABLE invoices (
    number         text PRIMARY KEY CHECK (number = upper(number)),
    order_id       text NOT NULL CHECK (order_id = upper(order_id)),
    customer_id    text NOT NULL,
    currency       text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    shipping_minor bigint NOT NULL CHECK (shipping_minor >= 0),
    tax_minor      bigint NOT NULL CHECK (tax_minor >= 0),
    tax_label      text NOT NULL,
    total_minor    bigint NOT NULL CHECK (total_minor >= tax_minor),
    bill_to        text[] NOT NULL,
    payment        text NOT NULL,
    issued_at      timestamptz NOT NULL
);
-- A foreign and an unknown invoice are both simply absent from these: they take the same path and the same time.
CREATE UNIQUE INDEX invoices_of_customer ON invoices (customer_id, number);
CREATE INDEX invoices_of_order ON invoices (customer_id, order_id, issued_at DESC);

CREATE TABLE invoice_lines (
    invoice_number   text NOT NULL REFERENCES invoices (number) ON DELETE CASCADE,
    line             integer NOT NULL,
    sku              text NOT NULL,
    description      text NOT NULL,
    quantity         integer NOT NULL CHECK (quantity >= 1),
    unit_price_minor bigint NOT NULL CHECK (unit_price_minor >= 0),
    PRIMARY KEY (invoice_number, line)
);

-- Money that was taken for an order: what a refund can give back, at the most.
CREATE TABLE charges (
    id           text PRIMARY KEY,
    order_id     text NOT NULL CHECK (order_id = upper(order_id)),
    customer_id  text NOT NULL,
    amount_minor bigint NOT NULL CHECK (amount_minor > 0),
    currency     text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    method       text NOT NULL,
    captured_at  timestamptz NOT NULL
);
CREATE INDEX charges_of_order ON charges (customer_id, order_id);
