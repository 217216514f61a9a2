-- +goose Up

-- What a scope has settled and held in a period, and its limit. The ceiling is
-- the limit, or what was settled and held already when the limit was lowered
-- below it; the database refuses to pass it. Overage is what settlements were
-- above their holds.
CREATE TABLE ledger_budgets (
    id               BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    scope_kind       TEXT   NOT NULL,
    scope_id         TEXT   NOT NULL,
    period           TEXT   NOT NULL, -- total
    period_start     TEXT   NOT NULL, -- first day of the period; empty for total
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

-- Logical calls. The winner is the attempt that was settled first.
CREATE TABLE ledger_calls (
    key        TEXT   PRIMARY KEY,
    attempts   BIGINT NOT NULL,
    dispatched BIGINT NOT NULL, -- 1 once an attempt was
    winner     BIGINT
);

-- Physical attempts. Times are microseconds since 1970.
CREATE TABLE ledger_attempts (
    id                 BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    key                TEXT   NOT NULL REFERENCES ledger_calls (key),
    ordinal            BIGINT NOT NULL,
    state              TEXT   NOT NULL CHECK (state IN ('reserved', 'dispatched', 'settled', 'released', 'uncertain')),
    hold_tokens        BIGINT NOT NULL,
    hold_nano_usd      BIGINT NOT NULL,
    provider           TEXT   NOT NULL,
    model              TEXT   NOT NULL,
    agent              TEXT   NOT NULL,
    agent_version      TEXT   NOT NULL,
    input_tokens       BIGINT NOT NULL DEFAULT 0,
    output_tokens      BIGINT NOT NULL DEFAULT 0,
    cache_read_tokens  BIGINT NOT NULL DEFAULT 0,
    cache_write_tokens BIGINT NOT NULL DEFAULT 0,
    nano_usd           BIGINT NOT NULL DEFAULT 0,
    latency_micros     BIGINT NOT NULL DEFAULT 0,
    reason             TEXT   NOT NULL DEFAULT '',
    created            BIGINT NOT NULL,
    ended              BIGINT,
    UNIQUE (key, ordinal)
);

-- What is still open or unclear, for those who look after it.
CREATE INDEX ledger_attempts_open ON ledger_attempts (state, created)
    WHERE state IN ('reserved', 'dispatched', 'uncertain');

-- Which budgets an attempt is charged to.
CREATE TABLE ledger_charges (
    attempt BIGINT NOT NULL REFERENCES ledger_attempts (id),
    budget  BIGINT NOT NULL REFERENCES ledger_budgets (id),
    PRIMARY KEY (attempt, budget)
);

CREATE INDEX ledger_charges_by_budget ON ledger_charges (budget, attempt);

CREATE TABLE ledger_responses (
    attempt  BIGINT PRIMARY KEY REFERENCES ledger_attempts (id),
    response BYTEA NOT NULL
);

-- +goose Down
DROP TABLE ledger_responses;
DROP TABLE ledger_charges;
DROP TABLE ledger_attempts;
DROP TABLE ledger_calls;
DROP TABLE ledger_budgets;
