-- How the clock was moved of late, so that whoever asks again, or whose answer was lost, does not move it twice.
CREATE TABLE clock_move (
  id          text PRIMARY KEY,                             -- of an idempotency key: caller and key; else made up
  fingerprint bytea NOT NULL,                               -- keyed hash of what was asked
  reached     timestamptz NOT NULL,                         -- the product's time then
  recorded_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
