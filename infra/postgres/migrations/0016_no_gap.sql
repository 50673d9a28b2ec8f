-- Appends as before, and no version without the one before it. Who decides on events that the log has lost meanwhile, as
-- in a failover to a copy that lacked them, would leave a gap in the stream, which nobody could load from then on.
CREATE OR REPLACE FUNCTION append_events(
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
  IF EXISTS (
    SELECT FROM unnest(streams, versions) AS w (stream, version) WHERE w.version > 1
      AND NOT EXISTS (SELECT FROM event AS e WHERE e.stream = w.stream AND e.version = w.version - 1)) THEN
    RAISE foreign_key_violation USING MESSAGE = 'a version does not follow on the one before';
  END IF;
END $$;
