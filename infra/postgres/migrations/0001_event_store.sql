-- The log and its journal. Everything stands in the first schema of the connection's search_path.
-- Appends take no lock but those of the rows they write; readers follow behind a fence (see `fence`).

-- Draws the positions. CACHE stays 1: a position kept back by a connection would appear behind a reader.
CREATE SEQUENCE log_position AS bigint CACHE 1;

-- The journal: one row for each command that changed something, written in the transaction of its first events.
CREATE TABLE command (
  id          uuid PRIMARY KEY,
  name        text NOT NULL,
  actor       uuid,                        -- null for nobody and for the product itself
  role        text NOT NULL,
  session     uuid,                        -- or the API key
  tenant      text NOT NULL,
  request_id  text NOT NULL,
  address     bytea,                       -- where the caller called from, sealed with the actor's key
  at          timestamptz NOT NULL,        -- by the product's clock
  key         text,                        -- the idempotency key; freed after a day
  fingerprint bytea,                       -- keyed hash of what was asked
  answer      bytea,                       -- what the caller was told, sealed with the actor's key; dropped with the key
  position    bigint NOT NULL,             -- of its newest event
  recorded_at timestamptz NOT NULL DEFAULT clock_timestamp()  -- by the wall clock
);
CREATE UNIQUE INDEX command_key ON command (key) WHERE key IS NOT NULL;
CREATE INDEX command_session ON command (session, position) WHERE session IS NOT NULL;
CREATE INDEX command_kept ON command (recorded_at) WHERE key IS NOT NULL OR answer IS NOT NULL;

-- The log. `state` is JSON as UTF-8 bytes: convert_from(state, 'UTF8')::json shows it.
CREATE TABLE event (
  position bigint NOT NULL,
  stream   uuid   NOT NULL,
  version  int    NOT NULL CHECK (version > 0),
  name     text   NOT NULL,
  state    bytea  NOT NULL,
  command  uuid   NOT NULL,
  PRIMARY KEY (stream, version)
);
CREATE UNIQUE INDEX event_position ON event (position);

-- One key an actor; the nil UUID stands for nobody and the product itself. A null secret was destroyed for good.
CREATE TABLE actor_key (
  actor  uuid PRIMARY KEY,
  secret bytea
);

-- Appends the events of several commands, and their journal rows, in the caller's transaction. The first five arrays
-- have an element for each event, the others one for each command. Answers the position that each command reached.
-- Fails with a unique violation if one of the versions, or one of the keys, is taken; a command that has its row
-- already (it saves twice) reaches further, and may bring its answer.
CREATE FUNCTION append_events(
    streams uuid[], versions int[], names text[], states bytea[], commands uuid[],
    ids uuid[], command_names text[], actors uuid[], roles text[], sessions uuid[], tenants text[], requests text[],
    addresses bytea[], times timestamptz[], keys text[], fingerprints bytea[], answers bytea[])
  RETURNS TABLE (command_id uuid, reached bigint) LANGUAGE plpgsql AS $$
#variable_conflict use_column
BEGIN
  PERFORM pg_current_xact_id();  -- before any position is drawn: the fence rests on it
  RETURN QUERY
  WITH written AS (
    INSERT INTO event (position, stream, version, name, state, command)
    SELECT numbered.* FROM (
      SELECT nextval('log_position'), e.*
      FROM unnest(streams, versions, names, states, commands) AS e (stream, version, name, state, command)) AS numbered
    ORDER BY numbered.stream, numbered.version  -- one locking order for all writers: no deadlocks
    RETURNING event.command, event.position),
  furthest AS (
    SELECT w.command, max(w.position) AS position FROM written AS w GROUP BY w.command),
  filed AS (
    INSERT INTO command AS known (id, name, actor, role, session, tenant, request_id, address, at,
                                  key, fingerprint, answer, position)
    SELECT c.*, f.position
    FROM unnest(ids, command_names, actors, roles, sessions, tenants, requests, addresses, times,
                keys, fingerprints, answers)
      AS c (id, name, actor, role, session, tenant, request_id, address, at, key, fingerprint, answer)
    JOIN furthest AS f ON f.command = c.id
    ORDER BY c.key, c.id                        -- and again; keys are what two writers can wait for each other over
    ON CONFLICT (id) DO UPDATE SET position = excluded.position, answer = coalesce(excluded.answer, known.answer))
  SELECT f.command, f.position FROM furthest AS f;
END $$;

-- The fence. `drawn` is the last position drawn; `fence`, taken in a later statement, is a transaction id that is newer
-- than that of every transaction which drew a position up to it: an append has its id before it draws. Once no older
-- transaction runs, every position up to `drawn` is settled: visible, or rolled back for ever.
-- No transaction id is spent when there is nothing new.
CREATE FUNCTION fence(after bigint, OUT drawn bigint, OUT fence xid8) LANGUAGE plpgsql AS $$
BEGIN
  SELECT CASE WHEN is_called THEN last_value ELSE 0 END INTO drawn FROM log_position;
  IF drawn > after THEN fence := pg_current_xact_id(); END IF;
END $$;
