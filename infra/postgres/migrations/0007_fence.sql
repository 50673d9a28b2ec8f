-- The fence again, with the sequence read under the lock that `nextval` draws under. A plain SELECT of a sequence takes
-- none, and while `nextval` writes its record ahead, every 32 positions, the row says a moment long a last_value that is
-- 32 too high: a reader that caught this moment passed positions by before they were drawn.
CREATE OR REPLACE FUNCTION fence(after bigint, OUT drawn bigint, OUT fence xid8) LANGUAGE plpgsql AS $$
BEGIN
  drawn := coalesce(pg_sequence_last_value('log_position'), 0);  -- null until the first is drawn
  IF drawn > after THEN fence := pg_current_xact_id(); END IF;
END $$;
