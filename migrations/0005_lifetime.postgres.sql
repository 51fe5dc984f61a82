-- Collections whose documents' versions are kept: the versions lie in a table of their own, history_<collections.number>, made at run time.
-- `recording` 0: history was turned off, what was kept stays. A version that lies at or before a `pruned_…` place of its table was looked
-- at for that bound.
CREATE TABLE histories (
  collection BIGINT PRIMARY KEY,
  recording BIGINT NOT NULL,
  versions_max BIGINT,
  days_max BIGINT,
  pruned_versions BIGINT NOT NULL,
  pruned_days BIGINT NOT NULL
);

-- Collections whose documents expire: when each of them does lies in expiries_<collections.number>, made at run time.
-- `filled`: documents up to this id are in it; NULL once all are.
CREATE TABLE expiries (
  collection BIGINT PRIMARY KEY,
  field TEXT COLLATE "C" NOT NULL,
  after_seconds BIGINT NOT NULL,
  filled TEXT COLLATE "C"
);
