-- The payment simulator. It behaves as a provider outside: these tables are its own, and nothing else reads them.
CREATE TABLE simulator_payment (
  id text PRIMARY KEY,
  key uuid NOT NULL UNIQUE,                -- the same key again is the same payment
  amount bigint NOT NULL CHECK (amount > 0),
  currency text NOT NULL,
  manual boolean NOT NULL,
  status text NOT NULL,
  fails boolean NOT NULL DEFAULT false,    -- what becomes of it when it settles
  settles_at timestamptz,
  charge text,
  reason text
);
CREATE TABLE simulator_refund (
  id text PRIMARY KEY,
  key text NOT NULL UNIQUE,
  payment text NOT NULL REFERENCES simulator_payment,
  amount bigint NOT NULL CHECK (amount > 0)
);
CREATE INDEX simulator_refund_payment ON simulator_refund (payment);
