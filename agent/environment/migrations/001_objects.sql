R"sql(
CREATE TABLE objects (
  api_group  TEXT NOT NULL,
  kind       TEXT NOT NULL,
  namespace  TEXT NOT NULL,
  name       TEXT NOT NULL,
  uid        TEXT NOT NULL,
  revision   INTEGER NOT NULL,
  created_ms INTEGER NOT NULL,
  body       TEXT NOT NULL,
  managed    TEXT NOT NULL,
  PRIMARY KEY (kind, api_group, namespace, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE labels (
  label     TEXT NOT NULL,
  value     TEXT NOT NULL,
  kind      TEXT NOT NULL,
  api_group TEXT NOT NULL,
  namespace TEXT NOT NULL,
  name      TEXT NOT NULL,
  PRIMARY KEY (label, value, kind, api_group, namespace, name),
  FOREIGN KEY (kind, api_group, namespace, name) REFERENCES objects (kind, api_group, namespace, name) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE INDEX labels_by_object ON labels (kind, api_group, namespace, name);

CREATE TABLE leases (
  name       TEXT PRIMARY KEY,
  holder     TEXT NOT NULL,
  fence      INTEGER NOT NULL,
  expires_ms INTEGER NOT NULL
) STRICT;

CREATE TABLE meta (
  name  TEXT PRIMARY KEY,
  value INTEGER NOT NULL
) STRICT;
INSERT INTO meta (name, value) VALUES ('version', 0);
)sql"
