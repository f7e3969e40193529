-- A restore writes a row here. Until it is done no refund is begun: the books have lost what was given back since then.
CREATE TABLE refund_searches (
    id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    since           timestamptz NOT NULL,
    check_at        timestamptz NOT NULL DEFAULT '-infinity',   -- not tried again before
    done_at         timestamptz
);
CREATE INDEX refund_searches_open ON refund_searches (check_at) WHERE done_at IS NULL;

-- What the provider had given back under an id of ours that the books did not have. It is taken out of what is left of the
-- charge; charge_id is NULL where the charge was lost too.
CREATE TABLE refunds_found (
    refund_request_id text NOT NULL,
    provider          text NOT NULL,
    provider_refund   text NOT NULL,
    charge_id         text REFERENCES charges (id),
    amount_minor      bigint NOT NULL CHECK (amount_minor > 0),
    currency          text NOT NULL,
    found_at          timestamptz NOT NULL,
    PRIMARY KEY (provider, provider_refund)
);
