-- What was taken out of the bin is known again, however often another record was made in its place (R-11).
ALTER TABLE record ADD COLUMN former_link uuid;
COMMENT ON COLUMN record.former_link IS 'The link that had it until it was gone and another record was made in its place; null if that never happened.';
