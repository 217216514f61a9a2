package store

import (
	"context"
	"time"
)

// Roles of a key. Empty is RoleClient.
const (
	RoleAdmin  = "admin"  // also sees and changes clients, keys, budgets
	RoleClient = "client" // acts for its client
)

// Keys are API keys; only a SHA-256 of each is kept.
type Keys interface {
	CreateKey(ctx context.Context, key Key) error
	// KeyByHash gives a key that is not revoked, or ErrNotFound. Whether its
	// time is over is for the caller to see.
	KeyByHash(ctx context.Context, hash string) (Key, error)
	Keys(ctx context.Context) ([]Key, error)
	RevokeKey(ctx context.Context, id string, at time.Time) error
	// RotateKey creates the key that takes the place of another, which ends at
	// expires. Client, name and role are those of the other, which is
	// ErrNotFound, or ErrConflict when it is revoked or was rotated before.
	RotateKey(ctx context.Context, id string, next Key, expires time.Time) (Key, error)
}

// Key is an API key.
type Key struct {
	ID       string
	Hash     string // hex SHA-256 of the whole key
	Client   string
	Name     string
	Role     string
	Replaces string // id of the key it was rotated from
	Created  time.Time
	Expires  time.Time // the zero time is never
	Revoked  time.Time
}

// Clients are who calls are charged to, and how they are served. A client that
// a key names and nobody created is served by the defaults.
type Clients interface {
	CreateClient(ctx context.Context, client Client) error // or ErrConflict
	Client(ctx context.Context, id string) (Client, error)
	// Clients lists by id, from after the given one; a limit of 0 means 50, and
	// 200 is the most.
	Clients(ctx context.Context, after string, limit int) ([]Client, error)
	// UpdateClient applies change to what is stored, in one transaction. Change
	// may run more than once; its error ends the update.
	UpdateClient(ctx context.Context, id string, change func(*Client) error) (Client, error)

	CreateTeam(ctx context.Context, team Team) error // or ErrConflict
	Team(ctx context.Context, id string) (Team, error)
	Teams(ctx context.Context, after string, limit int) ([]Team, error) // by id, as Clients

	// ClaimRequest keeps that a client uses an idempotency key for the request
	// with the digest. It gives the digest of the request that was first.
	ClaimRequest(ctx context.Context, client, key, digest string, at time.Time) (first string, err error)
	// ForgetRequests drops the claims of before the time.
	ForgetRequests(ctx context.Context, before time.Time) (int64, error)
}

// Client is somebody who is served and charged.
type Client struct {
	ID           string
	Name         string
	Team         string   // id of a team, or empty
	Cache        string   // exact, always or off; empty is off
	Block        float64  // score from which prompt injections are refused, in (0, 1]; 0 never
	SystemPrompt string   // comes before the system text of every request
	Models       []string // that it may use; empty means all
	Disabled     bool
	Created      time.Time
	Updated      time.Time
}

// Team is charged together with its clients.
type Team struct {
	ID      string
	Name    string
	Created time.Time
}
