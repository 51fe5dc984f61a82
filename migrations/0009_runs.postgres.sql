-- Durable runs: a function's execution that has steps, keyed by the event that began it. `driver` is the event of the log whose delivery may
-- execute it; `wake` is when the next such event is written, while no worker has anything to do for it.
CREATE TABLE runs (
  function BIGINT NOT NULL,
  run BIGINT NOT NULL,
  event TEXT NOT NULL,
  depth BIGINT NOT NULL,
  version BIGINT NOT NULL,
  status TEXT COLLATE "C" NOT NULL,
  driver BIGINT NOT NULL,
  steps BIGINT NOT NULL,
  bytes BIGINT NOT NULL,
  stale BIGINT NOT NULL,
  wake BIGINT,
  executions BIGINT NOT NULL,
  result TEXT,
  error TEXT,
  created BIGINT NOT NULL,
  updated BIGINT NOT NULL,
  ended BIGINT,
  PRIMARY KEY (function, run)
);
CREATE INDEX runs_status ON runs (function, status, run);
CREATE INDEX runs_wake ON runs (wake) WHERE wake IS NOT NULL;
CREATE INDEX runs_ended ON runs (ended) WHERE ended IS NOT NULL;

-- `due` is set while a step waits for its time, an event or its next attempt. `wait_after` is the end of the log when the wait began.
CREATE TABLE run_steps (
  function BIGINT NOT NULL,
  run BIGINT NOT NULL,
  name TEXT COLLATE "C" NOT NULL,
  occurrence BIGINT NOT NULL,
  position BIGINT NOT NULL,
  kind TEXT NOT NULL,
  status TEXT COLLATE "C" NOT NULL,
  attempts BIGINT NOT NULL,
  result TEXT,
  error TEXT,
  due BIGINT,
  wait_event TEXT COLLATE "C",
  wait_after BIGINT,
  wait TEXT,
  created BIGINT NOT NULL,
  ended BIGINT,
  PRIMARY KEY (function, run, name, occurrence)
);
CREATE INDEX run_steps_due ON run_steps (function, run, due) WHERE due IS NOT NULL;
CREATE INDEX run_steps_waiting ON run_steps (wait_event) WHERE wait_event IS NOT NULL;
CREATE INDEX run_steps_waiting_after ON run_steps (wait_after) WHERE wait_event IS NOT NULL;

-- How far the log was matched with the steps that wait for events.
INSERT INTO meta (name, value) VALUES ('runs_matched_through', 0);
