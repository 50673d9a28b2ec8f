-- Secrets that the product makes for itself on its first start: what signs quotes, what keys the hashes of bodies.
CREATE TABLE secret (
  name text PRIMARY KEY,
  value bytea NOT NULL,
  made_at timestamptz NOT NULL DEFAULT now()
);
