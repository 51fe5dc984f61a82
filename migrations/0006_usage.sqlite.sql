-- What functions used, summed by day (of UTC, counted from 1970) and by the function's name: a function that was deleted has used it all the same.
-- Kept in the commit of the invocations' records. mb_us: MiB of the memory limit times microseconds; 1024 million of
-- them are a GB-second.
CREATE TABLE usage (
  day INTEGER NOT NULL,
  function TEXT NOT NULL,
  succeeded INTEGER NOT NULL,
  failed INTEGER NOT NULL,
  timeout INTEGER NOT NULL,
  crashed INTEGER NOT NULL,
  memory_limit INTEGER NOT NULL,
  suspended INTEGER NOT NULL,
  cold_starts INTEGER NOT NULL,
  queue_us INTEGER NOT NULL,
  duration_us INTEGER NOT NULL,
  cpu_us INTEGER NOT NULL,
  mb_us INTEGER NOT NULL,
  memory_peak INTEGER NOT NULL,
  PRIMARY KEY (day, function)
) STRICT, WITHOUT ROWID;

ALTER TABLE invocations ADD COLUMN queue_us INTEGER;
ALTER TABLE invocations ADD COLUMN memory_bytes INTEGER;
