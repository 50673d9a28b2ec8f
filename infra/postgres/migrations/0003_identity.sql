-- The keys that sign access tokens. The newest signs; a retired one still verifies until the last token it signed has
-- expired. All times here are the wall's.
CREATE TABLE signing_key (
  kid            text PRIMARY KEY,
  private_pem    text NOT NULL,
  public_pem     text NOT NULL,
  made_at        timestamptz NOT NULL,
  verifies_until timestamptz               -- null for the key that signs
);
CREATE UNIQUE INDEX signing_key_current ON signing_key ((true)) WHERE verifies_until IS NULL;

-- Failed logins, forgotten after the window that they are counted in. The account is named by its e-mail's claim, so
-- that unknown accounts are counted alike and no address of a person stands here but the one they called from.
CREATE TABLE login_failure (
  account uuid        NOT NULL,
  address text        NOT NULL,
  at      timestamptz NOT NULL
);
CREATE INDEX login_failure_address ON login_failure (address, at);
CREATE INDEX login_failure_at ON login_failure (at);
