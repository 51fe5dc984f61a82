-- Secrets of functions ('' stands for the project), sealed under the server's master key. Keyed by the function's name, since they are
-- set before its first deployment.
CREATE TABLE secrets (
  function TEXT COLLATE "C" NOT NULL,
  name TEXT COLLATE "C" NOT NULL,
  sealed BYTEA NOT NULL,
  created BIGINT NOT NULL,
  updated BIGINT NOT NULL,
  PRIMARY KEY (function, name)
);
