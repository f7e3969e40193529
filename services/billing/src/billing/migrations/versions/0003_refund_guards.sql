-- What the policy decided is part of what was agreed: it says what may be made without staff for 24 hours.
DROP TRIGGER refunds_fixed ON refunds;
CREATE TRIGGER refunds_fixed BEFORE UPDATE OF id, charge_id, order_id, customer_id, conversation_id, grant_id, provider,
    amount_minor, currency, approvals, draft, clause, sentence, reasons, created_at
    ON refunds FOR EACH ROW EXECUTE FUNCTION refund_refuse_change();

-- An earlier state would have an event as well, so it is the last one that counts. Several may come in one transaction:
-- what is compared is the row as it is at the end.
CREATE OR REPLACE FUNCTION refund_state_has_event() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM refunds r WHERE r.id = NEW.id AND r.state IS DISTINCT FROM
               (SELECT kind FROM refund_events WHERE refund_request_id = r.id ORDER BY seq DESC LIMIT 1)) THEN
        RAISE EXCEPTION 'no event says that refund % is %', NEW.id, NEW.state USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NULL;
END $$;
