-- How far each search index has come, for those who wait for it or look after it. The truth of that stands in the index
-- itself, with the documents: this is what its keeper last told.
CREATE TABLE search_index (
  name       text PRIMARY KEY,
  version    text NOT NULL,                      -- the name in the cluster of the version that is searched
  position   bigint NOT NULL DEFAULT 0,
  updated_at timestamptz NOT NULL DEFAULT now()
);
