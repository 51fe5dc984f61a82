-- Text indexes. The words of each lie in a table of its own, made at run time: words_<text_indexes.number>.
CREATE TABLE text_indexes (
  number INTEGER PRIMARY KEY,
  collection INTEGER NOT NULL UNIQUE,
  definition TEXT NOT NULL,
  -- Documents up to this row are in it; the largest number there is once it is ready.
  indexed_to INTEGER NOT NULL
) STRICT;
-- How often text_indexes was changed: who remembers its rows looks here whether they still hold.
INSERT INTO meta (name, value) VALUES ('last_text_index_number', 0), ('text_index_changes', 0);
