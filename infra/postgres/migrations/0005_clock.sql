-- How far the product's clock is ahead of the wall's: 0 until somebody moves it, which only sandbox mode lets them.
CREATE TABLE clock (
  one      boolean PRIMARY KEY DEFAULT true CHECK (one),  -- there is one row
  ahead    bigint NOT NULL CHECK (ahead >= 0),            -- microseconds
  moved_at timestamptz NOT NULL                           -- by the wall clock; long ago if never
);
INSERT INTO clock (ahead, moved_at) VALUES (0, '2000-01-01T00:00Z');
