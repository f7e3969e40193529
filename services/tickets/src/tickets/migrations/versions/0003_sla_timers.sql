-- `reply_soon_at`: three quarters of the time for the first reply are over; without it staff are told of the second moment
-- only. `sla_told`: the last moment that staff were told of, so that each is told once.
ALTER TABLE tickets ADD COLUMN reply_soon_at timestamptz;
ALTER TABLE tickets ADD COLUMN sla_told text NOT NULL DEFAULT '' CHECK (sla_told IN ('', 'soon', 'missed'));

-- What is overdue already is counted, but nobody gets a notice for each ticket of the past.
UPDATE tickets SET sla_told = 'missed' WHERE status = 'open' AND first_reply_due <= now() AND number NOT LIKE '#%';

-- Whether another system's tickets (`#35436`) were answered is known there only: their times are not watched here.
DROP INDEX tickets_due;
CREATE INDEX tickets_due ON tickets (first_reply_due) WHERE status = 'open' AND number NOT LIKE '#%';
