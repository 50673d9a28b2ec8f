-- Tables beside the live ones: `rebuild` is being filled from the log, `old` was replaced by a rebuild and is kept until
-- somebody says that it can go.
CREATE TABLE read_model_beside (
  model       text    NOT NULL,
  place       text    NOT NULL CHECK (place IN ('rebuild', 'old')),
  version     integer NOT NULL,
  declaration text    NOT NULL,                -- digest of what the table was made by
  position    bigint  NOT NULL DEFAULT 0,      -- of the log: all up to it is in the table
  since       timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (model, place)
);

-- Raised by whoever puts another table in the place of the live one, or changes documents in it, while the position
-- stays: what the projector has in memory is then out of date.
ALTER TABLE read_model ADD COLUMN epoch bigint NOT NULL DEFAULT 0;
