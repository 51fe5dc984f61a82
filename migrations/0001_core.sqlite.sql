-- Times are milliseconds since 1970 (UTC). JSON is stored as the text that callers see.
-- Each collection's documents have a table of their own, made at run time: documents_<collections.number>.

-- Small facts of this database: counters whose numbers are never given twice.
CREATE TABLE meta (
  name TEXT PRIMARY KEY,
  value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO meta (name, value) VALUES ('last_collection_number', 0), ('last_function_number', 0);

CREATE TABLE collections (
  number INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  configuration TEXT NOT NULL,
  created INTEGER NOT NULL,
  updated INTEGER NOT NULL
) STRICT;

CREATE TABLE buckets (
  name TEXT PRIMARY KEY,
  configuration TEXT NOT NULL,
  created INTEGER NOT NULL,
  updated INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- The log. The newest event is never pruned, so max(sequence) + 1 is never a number that was given before.
CREATE TABLE events (
  sequence INTEGER PRIMARY KEY,
  time INTEGER NOT NULL,
  kind TEXT NOT NULL,
  action TEXT NOT NULL,
  container TEXT NOT NULL,
  subject TEXT NOT NULL,
  before TEXT,
  after TEXT,
  auth TEXT,
  depth INTEGER NOT NULL
) STRICT;

CREATE TABLE credentials (
  user_id TEXT PRIMARY KEY,
  email TEXT UNIQUE,
  email_verified INTEGER NOT NULL,
  password_hash TEXT,
  disabled INTEGER NOT NULL,
  roles TEXT NOT NULL
) STRICT;

CREATE TABLE sessions (
  id TEXT PRIMARY KEY,
  user_id TEXT NOT NULL,
  created INTEGER NOT NULL,
  last_used INTEGER NOT NULL,
  expires INTEGER NOT NULL,
  address TEXT NOT NULL,
  user_agent TEXT NOT NULL
) STRICT;
CREATE INDEX sessions_user ON sessions (user_id);
CREATE INDEX sessions_expires ON sessions (expires);

-- Sessions that were ended while access tokens of theirs may still be valid.
CREATE TABLE revoked_sessions (
  id TEXT PRIMARY KEY,
  revoked INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX revoked_sessions_revoked ON revoked_sessions (revoked);

-- SHA-256 of refresh tokens. A spent one is kept as long as its session, to recognise a copy.
CREATE TABLE refresh_tokens (
  hash BLOB PRIMARY KEY,
  session_id TEXT NOT NULL,
  spent INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX refresh_tokens_session ON refresh_tokens (session_id);

CREATE TABLE admins (
  id TEXT PRIMARY KEY,
  email TEXT NOT NULL UNIQUE,
  password_hash TEXT NOT NULL,
  created INTEGER NOT NULL
) STRICT;

CREATE TABLE admin_sessions (
  hash BLOB PRIMARY KEY,
  admin_id TEXT NOT NULL,
  expires INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX admin_sessions_admin ON admin_sessions (admin_id);
CREATE INDEX admin_sessions_expires ON admin_sessions (expires);

CREATE TABLE api_keys (
  id TEXT PRIMARY KEY,
  hash BLOB NOT NULL UNIQUE,
  name TEXT NOT NULL,
  created INTEGER NOT NULL
) STRICT;

-- Secret keys, sealed under the server's master key.
CREATE TABLE signing_keys (
  id TEXT PRIMARY KEY,
  sealed BLOB NOT NULL,
  created INTEGER NOT NULL
) STRICT;

-- What belongs to a function is keyed by its number, so that a new function of an old name begins with nothing.
CREATE TABLE functions (
  number INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  version INTEGER NOT NULL,
  created INTEGER NOT NULL,
  updated INTEGER NOT NULL
) STRICT;

CREATE TABLE function_versions (
  function INTEGER NOT NULL,
  version INTEGER NOT NULL,
  definition TEXT NOT NULL,
  created INTEGER NOT NULL,
  PRIMARY KEY (function, version)
) STRICT;

-- Apart from functions, because it moves with every delivery.
CREATE TABLE function_cursors (
  function INTEGER PRIMARY KEY,
  cursor INTEGER NOT NULL
) STRICT;

-- The event complete, so that pruning the log cannot lose it.
CREATE TABLE parked_deliveries (
  function INTEGER NOT NULL,
  sequence INTEGER NOT NULL,
  time INTEGER NOT NULL,
  kind TEXT NOT NULL,
  action TEXT NOT NULL,
  container TEXT NOT NULL,
  subject TEXT NOT NULL,
  before TEXT,
  after TEXT,
  auth TEXT,
  depth INTEGER NOT NULL,
  attempts INTEGER NOT NULL,
  due INTEGER NOT NULL,
  PRIMARY KEY (function, sequence)
) STRICT;

CREATE TABLE dead_letters (
  function INTEGER NOT NULL,
  id TEXT NOT NULL,
  sequence INTEGER NOT NULL,
  time INTEGER NOT NULL,
  kind TEXT NOT NULL,
  action TEXT NOT NULL,
  container TEXT NOT NULL,
  subject TEXT NOT NULL,
  before TEXT,
  after TEXT,
  auth TEXT,
  depth INTEGER NOT NULL,
  attempts INTEGER NOT NULL,
  error TEXT NOT NULL,
  invocation TEXT,
  created INTEGER NOT NULL,
  PRIMARY KEY (function, id)
) STRICT;

CREATE TABLE invocations (
  function INTEGER NOT NULL,
  id TEXT NOT NULL,
  version INTEGER NOT NULL,
  event_sequence INTEGER NOT NULL,
  event_type TEXT NOT NULL,
  event_subject TEXT NOT NULL,
  attempt INTEGER NOT NULL,
  status TEXT NOT NULL,
  error TEXT,
  started INTEGER NOT NULL,
  duration_us INTEGER NOT NULL,
  cold INTEGER NOT NULL,
  cpu_us INTEGER,
  memory_peak INTEGER,
  PRIMARY KEY (function, id)
) STRICT;

CREATE TABLE invocation_logs (
  function INTEGER NOT NULL,
  id TEXT NOT NULL,
  invocation TEXT NOT NULL,
  time INTEGER NOT NULL,
  level TEXT NOT NULL,
  message TEXT NOT NULL,
  PRIMARY KEY (function, id)
) STRICT;
CREATE INDEX invocation_logs_invocation ON invocation_logs (function, invocation);

-- Numbers of deleted functions whose rows are still being removed, a few at a time.
CREATE TABLE function_remains (
  function INTEGER PRIMARY KEY
) STRICT;

-- Paths compare by their UTF-8 bytes.
CREATE TABLE files (
  bucket TEXT NOT NULL,
  path TEXT NOT NULL,
  size INTEGER NOT NULL,
  digest BLOB NOT NULL,
  content_type TEXT NOT NULL,
  owner TEXT,
  content_id TEXT NOT NULL UNIQUE,
  created INTEGER NOT NULL,
  updated INTEGER NOT NULL,
  PRIMARY KEY (bucket, path)
) STRICT, WITHOUT ROWID;

-- Content that no record names any more and that is still to be removed from the disk.
CREATE TABLE file_remains (
  content_id TEXT PRIMARY KEY
) STRICT, WITHOUT ROWID;
