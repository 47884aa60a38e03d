-- Feeds of one provider: when each is read next, and who reads it now. What a feed has read is not here: its
-- position is the reconciler's, stored with the apply.

CREATE TABLE feed (
    tenant      text        NOT NULL,
    sync        text        NOT NULL,
    side        text        NOT NULL CHECK (side IN ('left', 'right')),
    connection  text        NOT NULL,
    generation  bigint      NOT NULL,
    wanted      boolean     NOT NULL,
    due_at      timestamptz NOT NULL DEFAULT now(),
    not_before  timestamptz,
    parked      text,
    failures    integer     NOT NULL DEFAULT 0,
    hints       bigint      NOT NULL DEFAULT 0,
    hints_met   bigint      NOT NULL DEFAULT 0,
    looks       integer     NOT NULL DEFAULT 0,
    traceparent text        NOT NULL DEFAULT '',
    seen        bigint[]    NOT NULL DEFAULT '{}',
    lease       uuid,
    lease_until timestamptz,
    PRIMARY KEY (tenant, sync, side)
);

CREATE INDEX feed_due ON feed (due_at) WHERE wanted;

COMMENT ON TABLE feed IS 'One side of one sync that is read from this provider';
COMMENT ON COLUMN feed.tenant IS 'The customer organisation';
COMMENT ON COLUMN feed.sync IS 'The sync';
COMMENT ON COLUMN feed.side IS 'Which side of the sync this is: left or right';
COMMENT ON COLUMN feed.connection IS 'The connection through which it is read';
COMMENT ON COLUMN feed.generation IS 'The generation of the definition that this row was made from; another one makes the feed due';
COMMENT ON COLUMN feed.wanted IS 'Whether the definition wants it read: false while the sync is paused or being deleted';
COMMENT ON COLUMN feed.due_at IS 'When the next round begins';
COMMENT ON COLUMN feed.not_before IS 'Before this time no hint makes it due: the provider throttles, or a round failed';
COMMENT ON COLUMN feed.parked IS 'Why it waits for a person, for example to sign in again; null when it does not';
COMMENT ON COLUMN feed.failures IS 'Rounds that failed in a row; the wait after a failure grows with it';
COMMENT ON COLUMN feed.hints IS 'Hints received so far; it only counts up (R-05)';
COMMENT ON COLUMN feed.hints_met IS 'The value of hints when the last successful round began; fewer than hints means due now';
COMMENT ON COLUMN feed.looks IS 'How often it has looked again after a hint that found nothing';
COMMENT ON COLUMN feed.traceparent IS 'The trace of the newest hint, in W3C form, which the next round continues; empty for none';
COMMENT ON COLUMN feed.seen IS 'Hashes of the record versions that the last round showed, so that an overlap is not taken for news';
COMMENT ON COLUMN feed.lease IS 'The lease of the round that reads it now; null when nobody does';
COMMENT ON COLUMN feed.lease_until IS 'When that lease ends unless it is kept; then another connector may take the feed over';
