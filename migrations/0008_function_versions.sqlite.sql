-- The highest number that a version ever had: after a rollback the next deploy must not take a number again.
ALTER TABLE functions ADD COLUMN last_version INTEGER NOT NULL DEFAULT 0;
UPDATE functions SET last_version = version;

-- Of what was deployed, a source or an archive: its bytes and their SHA-256. `archive` names its folder; NULL for a source.
ALTER TABLE function_versions ADD COLUMN author TEXT;
ALTER TABLE function_versions ADD COLUMN size INTEGER NOT NULL DEFAULT 0;
ALTER TABLE function_versions ADD COLUMN checksum TEXT;
ALTER TABLE function_versions ADD COLUMN archive TEXT;
UPDATE function_versions SET size = length(CAST(json_extract(definition, '$.source') AS BLOB));

-- Names for versions: {"3": 0.9, "4": 0.1}. `live` stands here only while it names two; else it is the current version.
CREATE TABLE function_aliases (
  function INTEGER NOT NULL,
  name TEXT NOT NULL,
  versions TEXT NOT NULL,
  updated INTEGER NOT NULL,
  PRIMARY KEY (function, name)
) STRICT;
