-- What was answered to requests with an Idempotency-Key, kept for a day. `key`: SHA-256 of the caller and their key; `request`: of what they
-- asked for.
CREATE TABLE kept_answers (
  key BYTEA NOT NULL UNIQUE,
  request BYTEA NOT NULL,
  made BIGINT NOT NULL,
  answer BYTEA NOT NULL
);
CREATE INDEX kept_answers_made ON kept_answers (made);
