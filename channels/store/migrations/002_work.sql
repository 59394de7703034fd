R"sql(
CREATE TABLE work (
  kind            TEXT NOT NULL,
  item            TEXT NOT NULL,
  payload_version INTEGER NOT NULL,
  payload         TEXT NOT NULL,
  priority        INTEGER NOT NULL,
  not_before_ms   INTEGER NOT NULL,
  fence           INTEGER NOT NULL,
  claimed         INTEGER NOT NULL,
  renewed         INTEGER NOT NULL,
  queued          INTEGER NOT NULL,
  PRIMARY KEY (kind, item)
) STRICT;
CREATE INDEX work_due ON work (kind, claimed, priority DESC, queued);

CREATE TABLE counters (
  name  TEXT PRIMARY KEY,
  value INTEGER NOT NULL
) STRICT;
INSERT INTO counters (name, value) VALUES ('fence', 0), ('queued', 0);
)sql"
