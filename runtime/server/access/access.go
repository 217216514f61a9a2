// Package access says who asks: it knows a caller by an API key and gives the
// settings of the client the key acts for.
//
// What the store said is believed for [Life], so that a busy caller does not
// cost a query for each request. A key that is revoked, a client that is
// disabled and a setting that is changed take effect within that time, and at
// once in the process that changed them.
package access

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/quaestor-run/quaestor/runtime/store"
)

// Life is how long what the store said of a key is believed.
const Life = 3 * time.Second

// maxCallers bounds the callers that are remembered.
const maxCallers = 10_000

// LocalClient is the client of everything that is asked for on loopback while
// a server has no API key.
const LocalClient = "local"

// Store is what access needs of the store.
type Store interface {
	KeyByHash(ctx context.Context, hash string) (store.Key, error)
	Keys(ctx context.Context) ([]store.Key, error)
	Client(ctx context.Context, id string) (store.Client, error)
}

// Caller is who asks.
type Caller struct {
	Key      store.Key    // zero where none was needed
	Client   store.Client // ID is set; the rest are the settings, where it has any
	Admin    bool
	Operator bool // of a server without keys, on its own machine

	sum [sha256.Size]byte // of the secret
}

// Denial says why a caller is turned away.
type Denial struct {
	Reason Reason
	Detail string // for the caller
}

// Error implements error.
func (d *Denial) Error() string { return d.Detail }

// Reason is the kind of a denial.
type Reason int

// Why callers are turned away.
const (
	Missing   Reason = iota // no key, and one is needed
	Malformed               // not what a key looks like
	Unknown                 // unknown, revoked, or its time is over
	Disabled                // the key is good and its client is not served
)

// Access is safe for concurrent use. Make one with [New].
type Access struct {
	store Store
	life  time.Duration
	now   func() time.Time
	keyed atomic.Bool // the store has had a key

	mu        sync.RWMutex
	callers   map[[sha256.Size]byte]remembered
	keyless   time.Time // until when there is held to be no key
	forgotten int       // counts Forget, so that what was read before is not kept after
}

type remembered struct {
	caller Caller
	until  time.Time
}

// New makes an Access. A life of 0 is [Life], a negative one asks the store
// every time; a nil now is the clock.
func New(kept Store, life time.Duration, now func() time.Time) *Access {
	if life == 0 {
		life = Life
	}
	if now == nil {
		now = time.Now
	}
	return &Access{store: kept, life: life, now: now, callers: map[[sha256.Size]byte]remembered{}}
}

// NewKey makes an API key for a client. The secret is shown once, to the one
// who asked for it; the store keeps only its hash.
func NewKey(client, name, role string, now time.Time) (secret string, key store.Key) {
	secret = "qk_" + strings.ToLower(rand.Text()[:20]+rand.Text()[:20])
	return secret, store.Key{
		ID: "k_" + strings.ToLower(rand.Text()[:12]), Hash: HashKey(secret), Client: client, Name: name, Role: role, Created: now,
	}
}

// HashKey is the hex SHA-256 by which the store knows an API key.
func HashKey(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}

// Authenticate reads an Authorization header. A caller who is turned away is a
// *Denial; any other error is one of the store.
func (a *Access) Authenticate(ctx context.Context, authorization string) (Caller, error) {
	if authorization == "" {
		return a.withoutKey(ctx)
	}
	scheme, secret, _ := strings.Cut(authorization, " ")
	secret = strings.TrimSpace(secret)
	if !strings.EqualFold(scheme, "Bearer") || !strings.HasPrefix(secret, "qk_") {
		return Caller{}, &Denial{Malformed, `The Authorization header must read "Bearer qk_…".`}
	}
	return a.lookup(ctx, sha256.Sum256([]byte(secret)))
}

// Check says whether a caller who was let in still would be: nil, a *Denial, or
// an error of the store.
func (a *Access) Check(ctx context.Context, caller Caller) error {
	if caller.Operator {
		_, err := a.withoutKey(ctx)
		return err
	}
	_, err := a.lookup(ctx, caller.sum)
	return err
}

func (a *Access) withoutKey(ctx context.Context) (Caller, error) {
	keyed, err := a.HasKeys(ctx)
	if err != nil {
		return Caller{}, err
	}
	if keyed {
		return Caller{}, &Denial{Missing, `This server has API keys; send one as "Authorization: Bearer qk_…".`}
	}
	return Caller{Client: store.Client{ID: LocalClient}, Admin: true, Operator: true}, nil
}

// lookup goes by hash, so that its time tells nothing of other keys.
func (a *Access) lookup(ctx context.Context, sum [sha256.Size]byte) (Caller, error) {
	a.mu.RLock()
	known, there := a.callers[sum]
	generation := a.forgotten
	a.mu.RUnlock()
	if !there || !time.Now().Before(known.until) {
		caller, err := a.load(ctx, sum)
		if err != nil {
			a.drop(sum)
			return Caller{}, err
		}
		known = remembered{caller: caller, until: time.Now().Add(a.life)}
		a.remember(sum, known, generation)
	}
	if ends := known.caller.Key.Expires; !ends.IsZero() && !a.now().Before(ends) {
		return Caller{}, unknown()
	}
	if known.caller.Client.Disabled && !known.caller.Admin {
		return Caller{}, &Denial{Disabled, fmt.Sprintf("Client %q is disabled.", known.caller.Client.ID)}
	}
	return known.caller, nil
}

func unknown() *Denial { return &Denial{Unknown, "The key is unknown or was revoked."} }

func (a *Access) load(ctx context.Context, sum [sha256.Size]byte) (Caller, error) {
	key, err := a.store.KeyByHash(ctx, hex.EncodeToString(sum[:]))
	if errors.Is(err, store.ErrNotFound) || err == nil && !key.Revoked.IsZero() {
		return Caller{}, unknown()
	}
	if err != nil {
		return Caller{}, err
	}
	if key.Client == "" { // a key without a client must not see those of all
		key.Client = key.ID
	}
	if key.Name == "" {
		key.Name = key.ID
	}
	client, err := a.store.Client(ctx, key.Client)
	if errors.Is(err, store.ErrNotFound) {
		client, err = store.Client{ID: key.Client}, nil
	}
	if err != nil {
		return Caller{}, err
	}
	return Caller{Key: key, Client: client, Admin: key.Role == store.RoleAdmin, sum: sum}, nil
}

func (a *Access) remember(sum [sha256.Size]byte, known remembered, generation int) {
	if a.life < 0 {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if generation != a.forgotten {
		return
	}
	if len(a.callers) >= maxCallers {
		clear(a.callers)
	}
	a.callers[sum] = known
}

func (a *Access) drop(sum [sha256.Size]byte) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.callers, sum)
}

// Forget makes the next request of everybody ask the store: keys or settings
// were changed.
func (a *Access) Forget() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.forgotten++
	a.keyless = time.Time{}
	clear(a.callers)
}

// HasKeys says whether the store has ever had a key. Once it had, the server
// stays closed to those without one.
func (a *Access) HasKeys(ctx context.Context) (bool, error) {
	if a.keyed.Load() {
		return true, nil
	}
	a.mu.RLock()
	keyless := time.Now().Before(a.keyless)
	generation := a.forgotten
	a.mu.RUnlock()
	if keyless {
		return false, nil
	}
	keys, err := a.store.Keys(ctx)
	if err != nil {
		return false, fmt.Errorf("looking for API keys: %w", err)
	}
	if len(keys) > 0 {
		a.keyed.Store(true)
		return true, nil
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.life > 0 && generation == a.forgotten {
		a.keyless = time.Now().Add(a.life)
	}
	return false, nil
}
