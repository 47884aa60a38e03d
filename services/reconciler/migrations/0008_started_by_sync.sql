-- What is started is found among a sync's open writes. An index of its own looks cheaper than it is to a planner
-- without statistics, which then walks through it once for every link.
DROP INDEX write_started;
