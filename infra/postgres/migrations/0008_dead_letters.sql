-- Events that a read model could not take in, and what follows of their stream: set aside, in order, until somebody
-- retries or drops them. `model` is a read model's name; with `/rebuild` or `/old` behind it, its table beside the
-- live one.
CREATE TABLE dead_letter (
  model        text   NOT NULL,
  subject      uuid   NOT NULL,               -- the stream (or the document) that is set aside for this model
  position     bigint NOT NULL,               -- of the event in the log
  name         text   NOT NULL,               -- of the event
  reason       text,                          -- why it could not be taken in; null: it follows one that could not
  tries        integer NOT NULL DEFAULT 0,    -- how often it was tried
  set_aside_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (model, subject, position)
);
