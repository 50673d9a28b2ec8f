-- How far each relay has brought the log to Kafka: told after Kafka has it, so never ahead. Kafka's own word counts more.
CREATE TABLE relay (
  name       text PRIMARY KEY,
  position   bigint NOT NULL,
  updated_at timestamptz NOT NULL DEFAULT now()
);
