-- How much was done from this database (R-34). Gauges only rise, and are copied to NATS: a copy above its gauge
-- says that the database went back.
CREATE TABLE tide (
    gauge smallint PRIMARY KEY,
    height bigint NOT NULL DEFAULT 0
) WITH (fillfactor = 20);
INSERT INTO tide (gauge) SELECT generate_series(0, 7);
COMMENT ON TABLE tide IS 'Gauges that rise with every step after which the outside may differ: a claim, an epoch given. Several, so that steps do not wait for each other.';
COMMENT ON COLUMN tide.gauge IS 'Its number; any step may take any gauge.';
COMMENT ON COLUMN tide.height IS 'Steps taken by it.';

CREATE TABLE installation (
    id text PRIMARY KEY,
    behind_since timestamptz
);
-- From what every backup of this database has, an older one that is migrated again included.
INSERT INTO installation (id)
    SELECT (extract(epoch FROM coalesce(min(installed_on), now())) * 1000000)::bigint FROM _sqlx_migrations;
COMMENT ON TABLE installation IS 'This installation: one row.';
COMMENT ON COLUMN installation.id IS 'When its first migration was applied, in microseconds; tells its copies in NATS from those of others.';
COMMENT ON COLUMN installation.behind_since IS 'When it was found that the database is older than what was done from it; nothing is done until a recovery.';

CREATE TABLE recovery (
    tenant text NOT NULL,
    sync text NOT NULL,
    at timestamptz NOT NULL,
    read_after timestamptz NOT NULL,
    PRIMARY KEY (tenant, sync),
    FOREIGN KEY (tenant, sync) REFERENCES sync ON DELETE CASCADE
);
COMMENT ON TABLE recovery IS 'Syncs that are compared anew because the database went back. A row ends when everything is compared, or when a person answers.';
COMMENT ON COLUMN recovery.tenant IS 'The customer organisation.';
COMMENT ON COLUMN recovery.sync IS 'The sync.';
COMMENT ON COLUMN recovery.at IS 'When the database was recovered.';
COMMENT ON COLUMN recovery.read_after IS 'No side is read before: what was begun in the lost time has ended then, and shows.';
