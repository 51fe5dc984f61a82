-- Collections whose documents' versions are kept: the versions lie in a table of their own, history_<collections.number>, made at run time.
-- `recording` 0: history was turned off, what was kept stays. A version that lies at or before a `pruned_…` place of its table was looked
-- at for that bound.
CREATE TABLE histories (
  collection INTEGER PRIMARY KEY,
  recording INTEGER NOT NULL,
  versions_max INTEGER,
  days_max INTEGER,
  pruned_versions INTEGER NOT NULL,
  pruned_days INTEGER NOT NULL
) STRICT;

-- Collections whose documents expire: when each of them does lies in expiries_<collections.number>, made at run time.
-- `filled`: documents up to this id are in it; NULL once all are.
CREATE TABLE expiries (
  collection INTEGER PRIMARY KEY,
  field TEXT NOT NULL,
  after_seconds INTEGER NOT NULL,
  filled TEXT
) STRICT;
