-- Those who share a key are looked for on both sides at once.
DROP INDEX match_key_hash;
CREATE INDEX match_key_hash ON match_key (tenant, sync, hash, side);
