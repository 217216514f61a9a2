-- Times are microseconds since 1970 UTC, 0 for none. JSON is kept as bytes.
-- +goose Up
ALTER TABLE keys ADD COLUMN role TEXT NOT NULL DEFAULT '';
ALTER TABLE keys ADD COLUMN replaces TEXT NOT NULL DEFAULT '';
ALTER TABLE keys ADD COLUMN expires INTEGER NOT NULL DEFAULT 0;

CREATE TABLE teams (
    id      TEXT NOT NULL PRIMARY KEY,
    name    TEXT NOT NULL,
    created INTEGER NOT NULL
);

CREATE TABLE clients (
    id            TEXT NOT NULL PRIMARY KEY,
    name          TEXT NOT NULL,
    team          TEXT REFERENCES teams (id), -- NULL for none
    cache         TEXT NOT NULL,
    block         REAL NOT NULL,
    system_prompt TEXT NOT NULL,
    models        BLOB NOT NULL,
    disabled      INTEGER NOT NULL,
    created       INTEGER NOT NULL,
    updated       INTEGER NOT NULL
);

-- What an idempotency key of a client was first used for.
CREATE TABLE request_claims (
    client  TEXT NOT NULL,
    key     TEXT NOT NULL,
    digest  TEXT NOT NULL,
    created INTEGER NOT NULL,
    PRIMARY KEY (client, key)
);
CREATE INDEX request_claims_by_created ON request_claims (created);

-- Summaries that are made by a workflow.
CREATE TABLE summaries (
    id       TEXT NOT NULL PRIMARY KEY,
    client   TEXT NOT NULL,
    status   TEXT NOT NULL,
    request  BLOB NOT NULL,
    result   BLOB,
    error    TEXT NOT NULL,
    done     INTEGER NOT NULL,
    total    INTEGER NOT NULL,
    created  INTEGER NOT NULL,
    finished INTEGER NOT NULL
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
