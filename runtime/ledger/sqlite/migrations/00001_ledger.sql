-- +goose Up

-- What a scope has settled and held in a period, and its limit. The ceiling is
-- the limit, or what was settled and held already when the limit was lowered
-- below it; the database refuses to pass it. Overage is what settlements were
-- above their holds. For days and months, the row without a start holds the
-- limit that rows of new periods take over.
CREATE TABLE ledger_budgets (
    id               INTEGER PRIMARY KEY,
    scope_kind       TEXT   NOT NULL CHECK (scope_kind IN ('request', 'run', 'client', 'team')),
    scope_id         TEXT   NOT NULL,
    period           TEXT   NOT NULL CHECK (period IN ('day', 'month', 'total')),
    period_start     TEXT   NOT NULL, -- first day of the period, 2006-01-02; empty for total
    limit_tokens     BIGINT CHECK (limit_tokens > 0), -- NULL: no limit
    limit_nano_usd   BIGINT CHECK (limit_nano_usd > 0),
    ceiling_tokens   BIGINT,
    ceiling_nano_usd BIGINT,
    held_tokens      BIGINT NOT NULL DEFAULT 0 CHECK (held_tokens >= 0),
    held_nano_usd    BIGINT NOT NULL DEFAULT 0 CHECK (held_nano_usd >= 0),
    settled_tokens   BIGINT NOT NULL DEFAULT 0 CHECK (settled_tokens >= 0),
    settled_nano_usd BIGINT NOT NULL DEFAULT 0 CHECK (settled_nano_usd >= 0),
    overage_tokens   BIGINT NOT NULL DEFAULT 0 CHECK (overage_tokens >= 0),
    overage_nano_usd BIGINT NOT NULL DEFAULT 0 CHECK (overage_nano_usd >= 0),
    input_tokens     BIGINT NOT NULL DEFAULT 0,
    output_tokens    BIGINT NOT NULL DEFAULT 0,
    calls            BIGINT NOT NULL DEFAULT 0,
    attempts         BIGINT NOT NULL DEFAULT 0,
    uncertain        BIGINT NOT NULL DEFAULT 0 CHECK (uncertain >= 0),
    UNIQUE (scope_kind, scope_id, period, period_start),
    CONSTRAINT tokens_within_limit CHECK (settled_tokens + held_tokens <= ceiling_tokens),
    CONSTRAINT money_within_limit CHECK (settled_nano_usd + held_nano_usd <= ceiling_nano_usd)
);

-- Physical attempts. Whom one is charged to follows from run, client, team,
-- bounded (by a limit of its own) and the day it was created. Times are
-- microseconds since 1970, 0 where there is none; durations are microseconds.
CREATE TABLE ledger_attempts (
    id                 INTEGER PRIMARY KEY,
    key                TEXT   NOT NULL, -- of the logical call
    ordinal            BIGINT NOT NULL,
    -- Of a list (IN) every statement would make a table first.
    state              TEXT   NOT NULL CHECK (state = 'dispatched' OR state = 'settled' OR state = 'reserved' OR state = 'uncertain' OR state = 'released'),
    sent               BIGINT NOT NULL, -- 1 once it was dispatched
    winner             BIGINT NOT NULL, -- 1 for the attempt that answered its call first
    cached             BIGINT NOT NULL, -- 1: answered from a cache, never sent
    bounded            BIGINT NOT NULL, -- 1: charged to a budget of the call too
    run                TEXT   NOT NULL,
    client             TEXT   NOT NULL,
    team               TEXT   NOT NULL,
    feature            TEXT   NOT NULL,
    hold_tokens        BIGINT NOT NULL,
    hold_nano_usd      BIGINT NOT NULL,
    provider           TEXT   NOT NULL,
    region             TEXT   NOT NULL,
    model              TEXT   NOT NULL,
    agent              TEXT   NOT NULL,
    agent_version      TEXT   NOT NULL,
    wait               BIGINT NOT NULL,
    input_tokens       BIGINT NOT NULL DEFAULT 0,
    output_tokens      BIGINT NOT NULL DEFAULT 0,
    cache_read_tokens  BIGINT NOT NULL DEFAULT 0,
    cache_write_tokens BIGINT NOT NULL DEFAULT 0,
    nano_usd           BIGINT NOT NULL DEFAULT 0,
    latency            BIGINT NOT NULL DEFAULT 0,
    first_token        BIGINT NOT NULL DEFAULT 0,
    reason             TEXT   NOT NULL DEFAULT '',
    created            BIGINT NOT NULL,
    expires            BIGINT NOT NULL,
    ended              BIGINT NOT NULL DEFAULT 0
);

CREATE UNIQUE INDEX ledger_attempts_by_key ON ledger_attempts (key, ordinal);
CREATE INDEX ledger_attempts_by_run ON ledger_attempts (run, id) WHERE run <> '';
CREATE INDEX ledger_attempts_by_client ON ledger_attempts (client, id) WHERE client <> '';
CREATE INDEX ledger_attempts_by_team ON ledger_attempts (team, id) WHERE team <> '';

-- What is still open, for the sweeper, and what somebody has to look after.
CREATE INDEX ledger_attempts_unsettled ON ledger_attempts (state, id, expires) WHERE state <> 'settled';

-- The answers of calls that somebody may ask for again.
CREATE TABLE ledger_responses (
    attempt  INTEGER PRIMARY KEY REFERENCES ledger_attempts (id),
    response BLOB NOT NULL
);

-- What was settled, summed up in the transactions of the settlements. The day
-- is that of the attempt's creation, in UTC.
CREATE TABLE ledger_usage (
    day                TEXT   NOT NULL,
    client             TEXT   NOT NULL,
    team               TEXT   NOT NULL,
    feature            TEXT   NOT NULL,
    model              TEXT   NOT NULL,
    input_tokens       BIGINT NOT NULL,
    output_tokens      BIGINT NOT NULL,
    cache_read_tokens  BIGINT NOT NULL,
    cache_write_tokens BIGINT NOT NULL,
    nano_usd           BIGINT NOT NULL,
    calls              BIGINT NOT NULL,
    cache_hits         BIGINT NOT NULL,
    overage_tokens     BIGINT NOT NULL,
    overage_nano_usd   BIGINT NOT NULL,
    PRIMARY KEY (day, client, team, feature, model)
) WITHOUT ROWID;

-- +goose Down
DROP TABLE ledger_usage;
DROP TABLE ledger_responses;
DROP TABLE ledger_attempts;
DROP TABLE ledger_budgets;
