R"sql(
CREATE TABLE deployments (
  id            TEXT PRIMARY KEY,
  repository    TEXT NOT NULL,
  channel       TEXT NOT NULL,
  revision      TEXT NOT NULL,
  from_revision TEXT NOT NULL,
  render_digest TEXT NOT NULL,
  cause         TEXT NOT NULL,
  outcome       TEXT NOT NULL,
  message       TEXT NOT NULL,
  started_ms    INTEGER NOT NULL,
  ended_ms      INTEGER,
  created       INTEGER NOT NULL,
  updated       INTEGER NOT NULL,
  removed       INTEGER NOT NULL,
  failed        INTEGER NOT NULL
) STRICT;
CREATE INDEX deployments_by_channel ON deployments (repository, channel, started_ms);
CREATE INDEX deployments_running ON deployments (outcome) WHERE outcome = 'running';

CREATE TABLE deployment_releases (
  deployment    TEXT NOT NULL REFERENCES deployments (id) ON DELETE CASCADE,
  name          TEXT NOT NULL,
  render_digest TEXT NOT NULL,
  outcome       TEXT NOT NULL,
  message       TEXT NOT NULL,
  created       INTEGER NOT NULL,
  updated       INTEGER NOT NULL,
  removed       INTEGER NOT NULL,
  duration_ms   INTEGER NOT NULL,
  PRIMARY KEY (deployment, name)
) STRICT;

CREATE TABLE audit (
  id      TEXT PRIMARY KEY,
  at_ms   INTEGER NOT NULL,
  actor   TEXT NOT NULL,
  action  TEXT NOT NULL,
  subject TEXT NOT NULL,
  detail  TEXT NOT NULL
) STRICT;
CREATE INDEX audit_by_subject ON audit (subject, at_ms);
)sql"
