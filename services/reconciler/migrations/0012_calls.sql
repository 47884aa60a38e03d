ALTER TABLE write ADD COLUMN call text NOT NULL DEFAULT '';
COMMENT ON COLUMN write.call IS 'The operation and its paths: writes of one sync that share it may be made by one provider call.';
