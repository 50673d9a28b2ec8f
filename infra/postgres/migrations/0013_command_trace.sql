-- The traces that commands were part of (W3C traceparent), for who follows the log: written in the transaction of the
-- command's events, only while tracing is on, and dropped by the housekeeping.
CREATE TABLE command_trace (
  command     uuid PRIMARY KEY,
  parent      text NOT NULL,
  recorded_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX command_trace_kept ON command_trace (recorded_at);
