-- Push channels of one provider. A channel is renewed by opening another one and closing this one after an overlap.

CREATE TABLE channel (
    id          bigint      PRIMARY KEY,
    tenant      text        NOT NULL,
    sync        text        NOT NULL,
    side        text        NOT NULL CHECK (side IN ('left', 'right')),
    connection  text        NOT NULL,
    state       text        NOT NULL CHECK (state IN ('opening', 'open', 'closing')),
    remote_id   text        NOT NULL UNIQUE,
    resource    text        NOT NULL DEFAULT '',
    token_hash  bytea       NOT NULL,
    sequence    bigint,
    opened_at   timestamptz NOT NULL DEFAULT now(),
    expires_at  timestamptz NOT NULL,
    renew_at    timestamptz NOT NULL,
    work_at     timestamptz NOT NULL DEFAULT now()
);

CREATE INDEX channel_feed ON channel (tenant, sync, side);
CREATE INDEX channel_work ON channel (work_at);

COMMENT ON TABLE channel IS 'A push channel that a provider delivers hints for one feed to';
COMMENT ON COLUMN channel.id IS 'Our id of it: random, unique among all channels of the provider';
COMMENT ON COLUMN channel.tenant IS 'The customer organisation';
COMMENT ON COLUMN channel.sync IS 'The sync';
COMMENT ON COLUMN channel.side IS 'Which side of the sync it watches';
COMMENT ON COLUMN channel.connection IS 'The connection through which it was opened, and is closed';
COMMENT ON COLUMN channel.state IS 'opening (stored before the provider is asked, since deliveries may come before its answer), open, or closing';
COMMENT ON COLUMN channel.remote_id IS 'The id that its deliveries carry';
COMMENT ON COLUMN channel.resource IS 'What the provider calls the watched resource, where closing needs it';
COMMENT ON COLUMN channel.token_hash IS 'BLAKE3 hash of the token that proves a delivery; the token itself is not stored';
COMMENT ON COLUMN channel.sequence IS 'The highest delivery number taken, where the provider numbers deliveries; a lower one is a replay';
COMMENT ON COLUMN channel.opened_at IS 'When it was asked for';
COMMENT ON COLUMN channel.expires_at IS 'When the provider ends it; deliveries after that are refused';
COMMENT ON COLUMN channel.renew_at IS 'When its successor is opened';
COMMENT ON COLUMN channel.work_at IS 'Not before this time does anybody work on it: set ahead by whoever does';

ALTER TABLE feed ADD COLUMN channel_at timestamptz NOT NULL DEFAULT now();
COMMENT ON COLUMN feed.channel_at IS 'Not before this time is a channel opened for it: set ahead by whoever does, and after a failure';
