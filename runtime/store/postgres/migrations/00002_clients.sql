-- Times are microseconds since 1970 UTC, 0 for none. JSON is kept as bytes.
-- +goose Up
ALTER TABLE keys ADD COLUMN role TEXT NOT NULL DEFAULT '';
ALTER TABLE keys ADD COLUMN replaces TEXT NOT NULL DEFAULT '';
ALTER TABLE keys ADD COLUMN expires BIGINT NOT NULL DEFAULT 0;

CREATE TABLE teams (
    id      TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    name    TEXT NOT NULL,
    created BIGINT NOT NULL
);

CREATE TABLE clients (
    id            TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    name          TEXT NOT NULL,
    team          TEXT COLLATE "C" REFERENCES teams (id), -- NULL for none
    cache         TEXT NOT NULL,
    block         DOUBLE PRECISION NOT NULL,
    system_prompt TEXT NOT NULL,
    models        BYTEA NOT NULL,
    disabled      BIGINT NOT NULL,
    created       BIGINT NOT NULL,
    updated       BIGINT NOT NULL
);

-- What an idempotency key of a client was first used for.
CREATE TABLE request_claims (
    client  TEXT COLLATE "C" NOT NULL,
    key     TEXT COLLATE "C" NOT NULL,
    digest  TEXT NOT NULL,
    created BIGINT NOT NULL,
    PRIMARY KEY (client, key)
);
CREATE INDEX request_claims_by_created ON request_claims (created);

-- Summaries that are made by a workflow.
CREATE TABLE summaries (
    id       TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    client   TEXT COLLATE "C" NOT NULL,
    status   TEXT NOT NULL,
    request  BYTEA NOT NULL,
    result   BYTEA,
    error    TEXT NOT NULL,
    done     BIGINT NOT NULL,
    total    BIGINT NOT NULL,
    created  BIGINT NOT NULL,
    finished BIGINT NOT NULL
);
CREATE INDEX summaries_by_status ON summaries (status, created);

-- +goose Down
DROP TABLE summaries;
DROP TABLE request_claims;
DROP TABLE clients;
DROP TABLE teams;
ALTER TABLE keys DROP COLUMN expires;
ALTER TABLE keys DROP COLUMN replaces;
ALTER TABLE keys DROP COLUMN role;
