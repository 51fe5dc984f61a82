-- Up to when the due times of each function's schedules were dealt with, and the event of the last run (its number in the log).
-- schedule: cron expression and time zone.
CREATE TABLE schedules (
  function BIGINT NOT NULL,
  schedule TEXT COLLATE "C" NOT NULL,
  mark BIGINT NOT NULL,
  sequence BIGINT NOT NULL,
  PRIMARY KEY (function, schedule)
);

-- The W3C trace context (traceparent) of the request that caused an event, and of a run.
ALTER TABLE events ADD COLUMN trace TEXT COLLATE "C";
ALTER TABLE parked_deliveries ADD COLUMN trace TEXT COLLATE "C";
ALTER TABLE dead_letters ADD COLUMN trace TEXT COLLATE "C";
ALTER TABLE invocations ADD COLUMN trace TEXT COLLATE "C";
