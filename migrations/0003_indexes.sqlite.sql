-- Indexes that are being built in the background, one row each. What they hold so far lies in a table of its own, index_build_<number>.
-- state: 'building'; 'failed': there is no table, failure says why; 'over': only the table is left, to be emptied and dropped.
-- position and last: the documents' rows up to which it is built, and up to which there were any at its beginning.
CREATE TABLE index_builds (
  number INTEGER PRIMARY KEY,
  collection INTEGER NOT NULL,
  definition TEXT NOT NULL,
  state TEXT NOT NULL,
  position INTEGER NOT NULL,
  last INTEGER NOT NULL,
  failure TEXT
) STRICT;
