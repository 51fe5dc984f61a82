-- What functions used, summed by day (of UTC, counted from 1970) and by the function's name: a function that was deleted has used it all the same.
-- Kept in the commit of the invocations' records. mb_us: MiB of the memory limit times microseconds; 1024 million of
-- them are a GB-second.
CREATE TABLE usage (
  day BIGINT NOT NULL,
  function TEXT COLLATE "C" NOT NULL,
  succeeded BIGINT NOT NULL,
  failed BIGINT NOT NULL,
  timeout BIGINT NOT NULL,
  crashed BIGINT NOT NULL,
  memory_limit BIGINT NOT NULL,
  suspended BIGINT NOT NULL,
  cold_starts BIGINT NOT NULL,
  queue_us BIGINT NOT NULL,
  duration_us BIGINT NOT NULL,
  cpu_us BIGINT NOT NULL,
  mb_us BIGINT NOT NULL,
  memory_peak BIGINT NOT NULL,
  PRIMARY KEY (day, function)
);

ALTER TABLE invocations ADD COLUMN queue_us BIGINT;
ALTER TABLE invocations ADD COLUMN memory_bytes BIGINT;
