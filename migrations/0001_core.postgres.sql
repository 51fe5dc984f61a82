-- Times are milliseconds since 1970 (UTC). JSON is stored as the text that callers see.
-- Each collection's documents have a table of their own, made at run time: documents_<collections.number>.

-- Small facts of this database: counters whose numbers are never given twice.
CREATE TABLE meta (
  name TEXT COLLATE "C" PRIMARY KEY,
  value BIGINT NOT NULL
);
INSERT INTO meta (name, value) VALUES ('last_collection_number', 0), ('last_function_number', 0);

CREATE TABLE collections (
  number BIGINT PRIMARY KEY,
  name TEXT COLLATE "C" NOT NULL UNIQUE,
  configuration TEXT NOT NULL,
  created BIGINT NOT NULL,
  updated BIGINT NOT NULL
);

CREATE TABLE buckets (
  name TEXT COLLATE "C" PRIMARY KEY,
  configuration TEXT NOT NULL,
  created BIGINT NOT NULL,
  updated BIGINT NOT NULL
);

-- The log. The newest event is never pruned, so max(sequence) + 1 is never a number that was given before.
CREATE TABLE events (
  sequence BIGINT PRIMARY KEY,
  time BIGINT NOT NULL,
  kind TEXT NOT NULL,
  action TEXT NOT NULL,
  container TEXT NOT NULL,
  subject TEXT NOT NULL,
  "before" TEXT,
  "after" TEXT,
  auth TEXT,
  depth BIGINT NOT NULL
);

CREATE TABLE credentials (
  user_id TEXT COLLATE "C" PRIMARY KEY,
  email TEXT COLLATE "C" UNIQUE,
  email_verified BOOLEAN NOT NULL,
  password_hash TEXT,
  disabled BOOLEAN NOT NULL,
  roles TEXT NOT NULL
);

CREATE TABLE sessions (
  id TEXT COLLATE "C" PRIMARY KEY,
  user_id TEXT COLLATE "C" NOT NULL,
  created BIGINT NOT NULL,
  last_used BIGINT NOT NULL,
  expires BIGINT NOT NULL,
  address TEXT NOT NULL,
  user_agent TEXT NOT NULL
);
CREATE INDEX sessions_user ON sessions (user_id);
CREATE INDEX sessions_expires ON sessions (expires);

-- Sessions that were ended while access tokens of theirs may still be valid.
CREATE TABLE revoked_sessions (
  id TEXT COLLATE "C" PRIMARY KEY,
  revoked BIGINT NOT NULL
);
CREATE INDEX revoked_sessions_revoked ON revoked_sessions (revoked);

-- SHA-256 of refresh tokens. A spent one is kept as long as its session, to recognise a copy.
CREATE TABLE refresh_tokens (
  hash BYTEA PRIMARY KEY,
  session_id TEXT COLLATE "C" NOT NULL,
  spent BOOLEAN NOT NULL
);
CREATE INDEX refresh_tokens_session ON refresh_tokens (session_id);

CREATE TABLE admins (
  id TEXT COLLATE "C" PRIMARY KEY,
  email TEXT COLLATE "C" NOT NULL UNIQUE,
  password_hash TEXT NOT NULL,
  created BIGINT NOT NULL
);

CREATE TABLE admin_sessions (
  hash BYTEA PRIMARY KEY,
  admin_id TEXT NOT NULL,
  expires BIGINT NOT NULL
);
CREATE INDEX admin_sessions_admin ON admin_sessions (admin_id);
CREATE INDEX admin_sessions_expires ON admin_sessions (expires);

CREATE TABLE api_keys (
  id TEXT COLLATE "C" PRIMARY KEY,
  hash BYTEA NOT NULL UNIQUE,
  name TEXT COLLATE "C" NOT NULL,
  created BIGINT NOT NULL
);

-- Secret keys, sealed under the server's master key.
CREATE TABLE signing_keys (
  id TEXT COLLATE "C" PRIMARY KEY,
  sealed BYTEA NOT NULL,
  created BIGINT NOT NULL
);

-- What belongs to a function is keyed by its number, so that a new function of an old name begins with nothing.
CREATE TABLE functions (
  number BIGINT PRIMARY KEY,
  name TEXT COLLATE "C" NOT NULL UNIQUE,
  version BIGINT NOT NULL,
  created BIGINT NOT NULL,
  updated BIGINT NOT NULL
);

CREATE TABLE function_versions (
  function BIGINT NOT NULL,
  version BIGINT NOT NULL,
  definition TEXT NOT NULL,
  created BIGINT NOT NULL,
  PRIMARY KEY (function, version)
);

-- Apart from functions, because it moves with every delivery.
CREATE TABLE function_cursors (
  function BIGINT PRIMARY KEY,
  cursor BIGINT NOT NULL
);

-- The event complete, so that pruning the log cannot lose it.
CREATE TABLE parked_deliveries (
  function BIGINT NOT NULL,
  sequence BIGINT NOT NULL,
  time BIGINT NOT NULL,
  kind TEXT NOT NULL,
  action TEXT NOT NULL,
  container TEXT NOT NULL,
  subject TEXT NOT NULL,
  "before" TEXT,
  "after" TEXT,
  auth TEXT,
  depth BIGINT NOT NULL,
  attempts BIGINT NOT NULL,
  due BIGINT NOT NULL,
  PRIMARY KEY (function, sequence)
);

CREATE TABLE dead_letters (
  function BIGINT NOT NULL,
  id TEXT COLLATE "C" NOT NULL,
  sequence BIGINT NOT NULL,
  time BIGINT NOT NULL,
  kind TEXT NOT NULL,
  action TEXT NOT NULL,
  container TEXT NOT NULL,
  subject TEXT NOT NULL,
  "before" TEXT,
  "after" TEXT,
  auth TEXT,
  depth BIGINT NOT NULL,
  attempts BIGINT NOT NULL,
  error TEXT NOT NULL,
  invocation TEXT COLLATE "C",
  created BIGINT NOT NULL,
  PRIMARY KEY (function, id)
);

CREATE TABLE invocations (
  function BIGINT NOT NULL,
  id TEXT COLLATE "C" NOT NULL,
  version BIGINT NOT NULL,
  event_sequence BIGINT NOT NULL,
  event_type TEXT NOT NULL,
  event_subject TEXT NOT NULL,
  attempt BIGINT NOT NULL,
  status TEXT NOT NULL,
  error TEXT,
  started BIGINT NOT NULL,
  duration_us BIGINT NOT NULL,
  cold BOOLEAN NOT NULL,
  cpu_us BIGINT,
  memory_peak BIGINT,
  PRIMARY KEY (function, id)
);

CREATE TABLE invocation_logs (
  function BIGINT NOT NULL,
  id TEXT COLLATE "C" NOT NULL,
  invocation TEXT COLLATE "C" NOT NULL,
  time BIGINT NOT NULL,
  level TEXT NOT NULL,
  message TEXT NOT NULL,
  PRIMARY KEY (function, id)
);
CREATE INDEX invocation_logs_invocation ON invocation_logs (function, invocation);

-- Numbers of deleted functions whose rows are still being removed, a few at a time.
CREATE TABLE function_remains (
  function BIGINT PRIMARY KEY
);

-- Paths compare by their UTF-8 bytes (collation "C").
CREATE TABLE files (
  bucket TEXT COLLATE "C" NOT NULL,
  path TEXT COLLATE "C" NOT NULL,
  size BIGINT NOT NULL,
  digest BYTEA NOT NULL,
  content_type TEXT NOT NULL,
  owner TEXT,
  content_id TEXT COLLATE "C" NOT NULL UNIQUE,
  created BIGINT NOT NULL,
  updated BIGINT NOT NULL,
  PRIMARY KEY (bucket, path)
);

-- Content that no record names any more and that is still to be removed from the disk.
CREATE TABLE file_remains (
  content_id TEXT COLLATE "C" PRIMARY KEY
);
