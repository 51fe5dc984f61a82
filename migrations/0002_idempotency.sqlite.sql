-- What was answered to requests with an Idempotency-Key, kept for a day. `key`: SHA-256 of the caller and their key; `request`: of what they
-- asked for.
CREATE TABLE kept_answers (
  key BLOB NOT NULL UNIQUE,
  request BLOB NOT NULL,
  made INTEGER NOT NULL,
  answer BLOB NOT NULL
) STRICT;
CREATE INDEX kept_answers_made ON kept_answers (made);
