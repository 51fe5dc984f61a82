-- Secrets of functions ('' stands for the project), sealed under the server's master key. Keyed by the function's name, since they are
-- set before its first deployment.
CREATE TABLE secrets (
  function TEXT NOT NULL,
  name TEXT NOT NULL,
  sealed BLOB NOT NULL,
  created INTEGER NOT NULL,
  updated INTEGER NOT NULL,
  PRIMARY KEY (function, name)
) STRICT, WITHOUT ROWID;
