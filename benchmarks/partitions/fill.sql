-- Events {first} to {last} of a marketplace of {bookings} bookings, five events each, as long as those of the product:
-- a month's claim, a reservation, the claim settled, confirmed, completed. Every fifth booking changes a listing in
-- place of the last. A month has 16 bookings, which lie within a fifth of the log; a listing has ten changes all over.
INSERT INTO plain.event (position, stream, version, name, state, command)
SELECT g + 1,
  CASE WHEN k IN (0, 2) THEN md5('month ' || month)::uuid
       WHEN k = 4 AND b % 5 = 0 THEN md5('listing ' || (b / 5) % {listings})::uuid
       ELSE (lpad(to_hex(b), 12, '0') || substr(md5('stay ' || b), 13))::uuid END,
  CASE k WHEN 0 THEN 2 * turn + 1 WHEN 1 THEN 1 WHEN 2 THEN 2 * turn + 2 WHEN 3 THEN 2
       ELSE CASE WHEN b % 5 = 0 THEN (b / 5) / {listings} + 1 ELSE 3 END END,
  CASE k WHEN 0 THEN 'calendar.claimed.v1' WHEN 1 THEN 'reservation.requested.v1' WHEN 2 THEN 'calendar.settled.v1'
       WHEN 3 THEN 'reservation.confirmed.v1'
       ELSE CASE WHEN b % 5 = 0 THEN 'listing.changed.v1' ELSE 'reservation.completed.v1' END END,
  substring(pad FROM 1 + g % 997 FOR CASE k WHEN 0 THEN 240 WHEN 1 THEN 1320 WHEN 2 THEN 48 WHEN 3 THEN 67
       ELSE CASE WHEN b % 5 = 0 THEN 785 ELSE 2 END END),
  (lpad(to_hex(b), 12, '0') || substr(md5('command ' || b), 13))::uuid
FROM (SELECT convert_to(string_agg(md5(n::text), ''), 'UTF8') AS pad FROM generate_series(1, 80) AS n) AS p,
  generate_series({first} - 1, {last} - 1) AS g,
  LATERAL (SELECT (g / 5)::int AS b, (g % 5)::int AS k) AS s,
  LATERAL (SELECT (b / {season}) * {months} + (b % {season}) % {months} AS month, (b % {season}) / {months} AS turn) AS m
