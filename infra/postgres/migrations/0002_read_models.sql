-- How far each read model has come. Its documents stand in a table of its own, made from its declaration.
CREATE TABLE read_model (
  name            text PRIMARY KEY,
  version         integer NOT NULL,
  declaration     text NOT NULL,                 -- digest of what the table was made by: other than declared, a rebuild is due
  position        bigint NOT NULL DEFAULT 0,     -- of the log; written in one transaction with the documents
  state           text NOT NULL DEFAULT 'live' CHECK (state IN ('live', 'stopped')),
  failed_position bigint,                        -- of the event that stopped it
  failed_event    text,
  error           text,
  updated_at      timestamptz NOT NULL DEFAULT now()
);
