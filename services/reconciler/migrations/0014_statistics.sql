-- No query asks for a record, a plan or an event by what is in it, and what is in them is most of what ANALYZE reads.
-- It is run often while tables grow within a first sync: it passes these columns over.
ALTER TABLE record ALTER COLUMN fields SET STATISTICS 0;
ALTER TABLE link ALTER COLUMN base SET STATISTICS 0, ALTER COLUMN restores SET STATISTICS 0;
ALTER TABLE write ALTER COLUMN body SET STATISTICS 0, ALTER COLUMN plan SET STATISTICS 0;
ALTER TABLE history ALTER COLUMN before SET STATISTICS 0, ALTER COLUMN after SET STATISTICS 0;
ALTER TABLE notice ALTER COLUMN event SET STATISTICS 0;
