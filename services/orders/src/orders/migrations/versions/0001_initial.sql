-- The customers of the shop. `id` is the subject of their tokens; `email` decides whose look-up by e-mail is whose.
CREATE TABLE customers (
    id          text PRIMARY KEY,
    name        text NOT NULL,
    email       text NOT NULL
);
CREATE UNIQUE INDEX customers_email ON customers (lower(email));

-- Order ids are stored in capitals, so that "abc123" finds ABC123 by its key.
CREATE TABLE orders (
    id           text PRIMARY KEY CHECK (id = upper(id)),
    customer_id  text NOT NULL REFERENCES customers (id),
    status       text NOT NULL CHECK (status IN ('pending_payment', 'processing', 'shipped', 'delivered',
                                                 'cancelled', 'returned', 'refunded')),
    currency     text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    total_minor  bigint NOT NULL CHECK (total_minor >= 0),
    ship_city    text NOT NULL,
    ship_country text NOT NULL,
    carrier      text,
    tracking_url text,
    eta          timestamptz,
    placed_at    timestamptz NOT NULL,
    updated_at   timestamptz NOT NULL CHECK (updated_at >= placed_at)
);
-- A foreign and an unknown order are both simply absent from this index: they take the same path and the same time.
CREATE UNIQUE INDEX orders_of_customer ON orders (customer_id, id);
CREATE INDEX orders_newest ON orders (customer_id, placed_at DESC, id DESC);

CREATE TABLE order_items (
    order_id         text NOT NULL REFERENCES orders (id) ON DELETE CASCADE,
    line             integer NOT NULL,
    sku              text NOT NULL,
    name             text NOT NULL,
    quantity         integer NOT NULL CHECK (quantity >= 1),
    unit_price_minor bigint NOT NULL CHECK (unit_price_minor >= 0),
    PRIMARY KEY (order_id, line)
);

CREATE TABLE order_notes (
    id          text PRIMARY KEY,
    order_id    text NOT NULL REFERENCES orders (id) ON DELETE CASCADE,
    customer_id text NOT NULL REFERENCES customers (id),
    note        text NOT NULL,
    created_at  timestamptz NOT NULL
);
CREATE INDEX order_notes_of_order ON order_notes (order_id, created_at);
