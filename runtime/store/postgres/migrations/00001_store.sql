-- Names and URIs sort by their bytes. Times are microseconds since 1970 UTC, 0 for none. JSON is kept as bytes.
-- +goose Up
CREATE TABLE blobs (
    hash BYTEA NOT NULL PRIMARY KEY, -- SHA-256 of data
    data BYTEA NOT NULL
);

CREATE TABLE runs (
    id              TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    client          TEXT COLLATE "C" NOT NULL,
    topic           TEXT    NOT NULL,
    request         BYTEA,
    request_digest  TEXT    NOT NULL,
    idempotency_key TEXT COLLATE "C" NOT NULL,
    schedule        TEXT COLLATE "C" NOT NULL,
    status          TEXT COLLATE "C" NOT NULL,
    phase           TEXT    NOT NULL,
    iteration       INTEGER NOT NULL,
    plan            BYTEA,
    done            INTEGER NOT NULL,
    total           INTEGER NOT NULL,
    error           TEXT    NOT NULL,
    created         BIGINT  NOT NULL,
    updated         BIGINT  NOT NULL,
    finished        BIGINT  NOT NULL
);
CREATE UNIQUE INDEX runs_by_idempotency_key ON runs (client, idempotency_key) WHERE idempotency_key <> '';
CREATE INDEX runs_by_created ON runs (created, id);
CREATE INDEX runs_by_client ON runs (client, created, id);
CREATE INDEX runs_by_status ON runs (status, created, id);
CREATE INDEX runs_by_schedule ON runs (schedule, created, id);

CREATE TABLE events (
    run  TEXT COLLATE "C" NOT NULL REFERENCES runs (id),
    seq  BIGINT  NOT NULL,
    key  TEXT    NOT NULL,
    type TEXT    NOT NULL,
    time BIGINT  NOT NULL,
    data BYTEA,
    PRIMARY KEY (run, seq),
    UNIQUE (run, key)
);

CREATE TABLE evidence (
    place BIGINT  GENERATED ALWAYS AS IDENTITY PRIMARY KEY, -- order of insertion
    run   TEXT COLLATE "C" NOT NULL REFERENCES runs (id),
    id    TEXT COLLATE "C" NOT NULL,
    data  BYTEA    NOT NULL,
    UNIQUE (run, id)
);

CREATE TABLE claims (
    run  TEXT COLLATE "C" NOT NULL PRIMARY KEY REFERENCES runs (id),
    data BYTEA NOT NULL
);

CREATE TABLE drafts (
    run     TEXT COLLATE "C" NOT NULL REFERENCES runs (id),
    round   INTEGER NOT NULL,
    ref     TEXT    NOT NULL,
    digest  TEXT    NOT NULL,
    changes BYTEA    NOT NULL,
    created BIGINT  NOT NULL,
    PRIMARY KEY (run, round)
);

CREATE TABLE reports (
    run      TEXT COLLATE "C" NOT NULL PRIMARY KEY REFERENCES runs (id),
    digest   TEXT    NOT NULL,
    markdown TEXT    NOT NULL,
    html     TEXT    NOT NULL,
    json     TEXT    NOT NULL,
    created  BIGINT  NOT NULL
);

CREATE TABLE reviews (
    id              TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    run             TEXT COLLATE "C" NOT NULL REFERENCES runs (id),
    client          TEXT COLLATE "C" NOT NULL,
    topic           TEXT    NOT NULL,
    digest          TEXT    NOT NULL,
    created         BIGINT  NOT NULL,
    due             BIGINT  NOT NULL,
    decision        TEXT    NOT NULL DEFAULT '', -- empty while open
    decision_digest TEXT    NOT NULL DEFAULT '',
    comments        TEXT    NOT NULL DEFAULT '',
    decided_by      TEXT    NOT NULL DEFAULT '',
    decided_role    TEXT    NOT NULL DEFAULT '',
    decided         BIGINT  NOT NULL DEFAULT 0
);
CREATE INDEX reviews_by_run ON reviews (run);
CREATE INDEX reviews_by_created ON reviews (created, id);
CREATE INDEX reviews_by_client ON reviews (client, created, id);
CREATE INDEX reviews_open ON reviews (created, id) WHERE decision = '';

CREATE TABLE corpora (
    name      TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    documents INTEGER NOT NULL,
    digest    BYTEA    NOT NULL -- sum of the digests of the documents
);

CREATE TABLE documents (
    corpus     TEXT COLLATE "C" NOT NULL REFERENCES corpora (name),
    id         TEXT COLLATE "C" NOT NULL,
    uri        TEXT COLLATE "C" NOT NULL,
    title      TEXT    NOT NULL,
    media_type TEXT    NOT NULL,
    year       INTEGER NOT NULL,
    words      INTEGER NOT NULL,
    original   TEXT    NOT NULL,
    snapshot   TEXT    NOT NULL,
    segments   BYTEA,
    unread     TEXT    NOT NULL,
    created    BIGINT  NOT NULL,
    digest     BYTEA    NOT NULL,
    PRIMARY KEY (corpus, id),
    UNIQUE (corpus, uri)
);

CREATE TABLE keys (
    id      TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    hash    TEXT    NOT NULL UNIQUE,
    client  TEXT COLLATE "C" NOT NULL,
    name    TEXT COLLATE "C" NOT NULL,
    created BIGINT  NOT NULL,
    revoked BIGINT  NOT NULL
);

-- +goose Down
DROP TABLE keys;
DROP TABLE documents;
DROP TABLE corpora;
DROP TABLE reviews;
DROP TABLE reports;
DROP TABLE drafts;
DROP TABLE claims;
DROP TABLE evidence;
DROP TABLE events;
DROP TABLE runs;
DROP TABLE blobs;
