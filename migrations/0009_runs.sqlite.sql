-- Durable runs: a function's execution that has steps, keyed by the event that began it. `driver` is the event of the log whose delivery may
-- execute it; `wake` is when the next such event is written, while no worker has anything to do for it.
CREATE TABLE runs (
  function INTEGER NOT NULL,
  run INTEGER NOT NULL,
  event TEXT NOT NULL,
  depth INTEGER NOT NULL,
  version INTEGER NOT NULL,
  status TEXT NOT NULL,
  driver INTEGER NOT NULL,
  steps INTEGER NOT NULL,
  bytes INTEGER NOT NULL,
  stale INTEGER NOT NULL,
  wake INTEGER,
  executions INTEGER NOT NULL,
  result TEXT,
  error TEXT,
  created INTEGER NOT NULL,
  updated INTEGER NOT NULL,
  ended INTEGER,
  PRIMARY KEY (function, run)
) STRICT;
CREATE INDEX runs_status ON runs (function, status, run);
CREATE INDEX runs_wake ON runs (wake) WHERE wake IS NOT NULL;
CREATE INDEX runs_ended ON runs (ended) WHERE ended IS NOT NULL;

-- `due` is set while a step waits for its time, an event or its next attempt. `wait_after` is the end of the log when the wait began.
CREATE TABLE run_steps (
  function INTEGER NOT NULL,
  run INTEGER NOT NULL,
  name TEXT NOT NULL,
  occurrence INTEGER NOT NULL,
  position INTEGER NOT NULL,
  kind TEXT NOT NULL,
  status TEXT NOT NULL,
  attempts INTEGER NOT NULL,
  result TEXT,
  error TEXT,
  due INTEGER,
  wait_event TEXT,
  wait_after INTEGER,
  wait TEXT,
  created INTEGER NOT NULL,
  ended INTEGER,
  PRIMARY KEY (function, run, name, occurrence)
) STRICT;
CREATE INDEX run_steps_due ON run_steps (function, run, due) WHERE due IS NOT NULL;
CREATE INDEX run_steps_waiting ON run_steps (wait_event) WHERE wait_event IS NOT NULL;
CREATE INDEX run_steps_waiting_after ON run_steps (wait_after) WHERE wait_event IS NOT NULL;

-- How far the log was matched with the steps that wait for events.
INSERT INTO meta (name, value) VALUES ('runs_matched_through', 0);
