-- The hash comes first, so that no plan reads a whole sync's keys for each key: before the first statistics a planner
-- takes both for one row, and a first sync of thousands stood still for minutes.
DROP INDEX match_key_hash;
CREATE INDEX match_key_hash ON match_key (hash, tenant, sync, side);
