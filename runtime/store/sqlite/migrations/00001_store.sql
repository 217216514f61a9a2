-- Times are microseconds since 1970 UTC, 0 for none. JSON is kept as bytes.
-- +goose Up
CREATE TABLE blobs (
    hash BLOB NOT NULL PRIMARY KEY, -- SHA-256 of data
    data BLOB NOT NULL
);

CREATE TABLE runs (
    id              TEXT    NOT NULL PRIMARY KEY,
    client          TEXT    NOT NULL,
    topic           TEXT    NOT NULL,
    request         BLOB,
    request_digest  TEXT    NOT NULL,
    idempotency_key TEXT    NOT NULL,
    schedule        TEXT    NOT NULL,
    status          TEXT    NOT NULL,
    phase           TEXT    NOT NULL,
    iteration       INTEGER NOT NULL,
    plan            BLOB,
    done            INTEGER NOT NULL,
    total           INTEGER NOT NULL,
    error           TEXT    NOT NULL,
    created         INTEGER NOT NULL,
    updated         INTEGER NOT NULL,
    finished        INTEGER NOT NULL
);
CREATE UNIQUE INDEX runs_by_idempotency_key ON runs (client, idempotency_key) WHERE idempotency_key <> '';
CREATE INDEX runs_by_created ON runs (created, id);
CREATE INDEX runs_by_client ON runs (client, created, id);
CREATE INDEX runs_by_status ON runs (status, created, id);
CREATE INDEX runs_by_schedule ON runs (schedule, created, id);

CREATE TABLE events (
    run  TEXT    NOT NULL REFERENCES runs (id),
    seq  INTEGER NOT NULL,
    key  TEXT    NOT NULL,
    type TEXT    NOT NULL,
    time INTEGER NOT NULL,
    data BLOB,
    PRIMARY KEY (run, seq),
    UNIQUE (run, key)
) WITHOUT ROWID;

CREATE TABLE evidence (
    place INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, -- order of insertion
    run   TEXT    NOT NULL REFERENCES runs (id),
    id    TEXT    NOT NULL,
    data  BLOB    NOT NULL,
    UNIQUE (run, id)
);

CREATE TABLE claims (
    run  TEXT NOT NULL PRIMARY KEY REFERENCES runs (id),
    data BLOB NOT NULL
);

CREATE TABLE drafts (
    run     TEXT    NOT NULL REFERENCES runs (id),
    round   INTEGER NOT NULL,
    ref     TEXT    NOT NULL,
    digest  TEXT    NOT NULL,
    changes BLOB    NOT NULL,
    created INTEGER NOT NULL,
    PRIMARY KEY (run, round)
);

CREATE TABLE reports (
    run      TEXT    NOT NULL PRIMARY KEY REFERENCES runs (id),
    digest   TEXT    NOT NULL,
    markdown TEXT    NOT NULL,
    html     TEXT    NOT NULL,
    json     TEXT    NOT NULL,
    created  INTEGER NOT NULL
);

CREATE TABLE reviews (
    id              TEXT    NOT NULL PRIMARY KEY,
    run             TEXT    NOT NULL REFERENCES runs (id),
    client          TEXT    NOT NULL,
    topic           TEXT    NOT NULL,
    digest          TEXT    NOT NULL,
    created         INTEGER NOT NULL,
    due             INTEGER NOT NULL,
    decision        TEXT    NOT NULL DEFAULT '', -- empty while open
    decision_digest TEXT    NOT NULL DEFAULT '',
    comments        TEXT    NOT NULL DEFAULT '',
    decided_by      TEXT    NOT NULL DEFAULT '',
    decided_role    TEXT    NOT NULL DEFAULT '',
    decided         INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX reviews_by_run ON reviews (run);
CREATE INDEX reviews_by_created ON reviews (created, id);
CREATE INDEX reviews_by_client ON reviews (client, created, id);
CREATE INDEX reviews_open ON reviews (created, id) WHERE decision = '';

CREATE TABLE corpora (
    name      TEXT    NOT NULL PRIMARY KEY,
    documents INTEGER NOT NULL,
    digest    BLOB    NOT NULL -- sum of the digests of the documents
);

CREATE TABLE documents (
    corpus     TEXT    NOT NULL REFERENCES corpora (name),
    id         TEXT    NOT NULL,
    uri        TEXT    NOT NULL,
    title      TEXT    NOT NULL,
    media_type TEXT    NOT NULL,
    year       INTEGER NOT NULL,
    words      INTEGER NOT NULL,
    original   TEXT    NOT NULL,
    snapshot   TEXT    NOT NULL,
    segments   BLOB,
    unread     TEXT    NOT NULL,
    created    INTEGER NOT NULL,
    digest     BLOB    NOT NULL,
    PRIMARY KEY (corpus, id),
    UNIQUE (corpus, uri)
);

CREATE TABLE keys (
    id      TEXT    NOT NULL PRIMARY KEY,
    hash    TEXT    NOT NULL UNIQUE,
    client  TEXT    NOT NULL,
    name    TEXT    NOT NULL,
    created INTEGER NOT NULL,
    revoked INTEGER NOT NULL
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
