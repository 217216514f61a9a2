package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/quaestor-run/quaestor/runtime/store"
)

const clientColumns = "id, name, team, cache, block, system_prompt, models, disabled, created, updated"

func scanClient(row row) (store.Client, error) {
	var c store.Client
	var team sql.NullString
	var disabled int64
	err := row.Scan(&c.ID, &c.Name, &team, &c.Cache, &c.Block, &c.SystemPrompt, encoded{&c.Models}, &disabled,
		instant{&c.Created}, instant{&c.Updated})
	c.Team, c.Disabled = team.String, disabled != 0
	return c, err
}

func clientValues(c store.Client) ([]any, error) {
	models, err := encode(c.Models)
	if err != nil {
		return nil, err
	}
	disabled := 0
	if c.Disabled {
		disabled = 1
	}
	return []any{
		c.ID, plain(c.Name),
		sql.NullString{String: c.Team, Valid: c.Team != ""},
		c.Cache, c.Block, plain(c.SystemPrompt),
		models, disabled, microsOrNow(c.Created), microsOrNow(c.Updated),
	}, nil
}

// CreateClient implements store.Clients. A team that is not there is
// ErrNotFound.
func (s *Store) CreateClient(ctx context.Context, client store.Client) error {
	if client.ID == "" {
		return errors.New("creating a client: the id is required")
	}
	values, err := clientValues(client)
	if err != nil {
		return err
	}
	_, err = s.exec(ctx, "INSERT INTO clients ("+clientColumns+") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)", values...)
	return s.explain(err, "creating client %q", client.ID)
}

// Client implements store.Clients.
func (s *Store) Client(ctx context.Context, id string) (store.Client, error) {
	client, err := scanClient(s.read.QueryRowContext(ctx, "SELECT "+clientColumns+" FROM clients WHERE id = $1", id))
	if err != nil {
		return store.Client{}, s.explain(err, "reading client %q", id)
	}
	return client, nil
}

// Clients implements store.Clients.
func (s *Store) Clients(ctx context.Context, after string, limit int) ([]store.Client, error) {
	clients, err := collect(ctx, s.read, scanClient, fmt.Sprintf("SELECT %s FROM clients WHERE id > $1 ORDER BY id LIMIT %d",
		clientColumns, bound(limit, 50, 200)), after)
	return clients, s.explain(err, "listing clients")
}

// UpdateClient implements store.Clients.
func (s *Store) UpdateClient(ctx context.Context, id string, change func(*store.Client) error) (store.Client, error) {
	var client store.Client
	err := s.backend.Write(ctx, func(ctx context.Context, tx Tx) error {
		var err error
		client, err = scanClient(tx.QueryRowContext(ctx, "UPDATE clients SET id = id WHERE id = $1 RETURNING "+clientColumns, id))
		if err != nil {
			return err
		}
		if err := change(&client); err != nil {
			return err
		}
		client.ID = id
		values, err := clientValues(client)
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `UPDATE clients SET name = $2, team = $3, cache = $4, block = $5, system_prompt = $6,
			models = $7, disabled = $8, created = $9, updated = $10 WHERE id = $1`, values...)
		return err
	})
	return client, s.explain(err, "changing client %q", id)
}

func scanTeam(row row) (store.Team, error) {
	var t store.Team
	err := row.Scan(&t.ID, &t.Name, instant{&t.Created})
	return t, err
}

// CreateTeam implements store.Clients.
func (s *Store) CreateTeam(ctx context.Context, team store.Team) error {
	if team.ID == "" {
		return errors.New("creating a team: the id is required")
	}
	_, err := s.exec(ctx, "INSERT INTO teams (id, name, created) VALUES ($1, $2, $3)", team.ID, plain(team.Name), microsOrNow(team.Created))
	return s.explain(err, "creating team %q", team.ID)
}

// Team implements store.Clients.
func (s *Store) Team(ctx context.Context, id string) (store.Team, error) {
	team, err := scanTeam(s.read.QueryRowContext(ctx, "SELECT id, name, created FROM teams WHERE id = $1", id))
	return team, s.explain(err, "reading team %q", id)
}

// Teams implements store.Clients.
func (s *Store) Teams(ctx context.Context, after string, limit int) ([]store.Team, error) {
	teams, err := collect(ctx, s.read, scanTeam,
		fmt.Sprintf("SELECT id, name, created FROM teams WHERE id > $1 ORDER BY id LIMIT %d", bound(limit, 50, 200)), after)
	return teams, s.explain(err, "listing teams")
}

// ClaimRequest implements store.Clients.
func (s *Store) ClaimRequest(ctx context.Context, client, key, digest string, at time.Time) (string, error) {
	first := digest
	err := s.backend.Write(ctx, func(ctx context.Context, tx Tx) error {
		return tx.QueryRowContext(ctx, `INSERT INTO request_claims (client, key, digest, created) VALUES ($1, $2, $3, $4)
			ON CONFLICT (client, key) DO UPDATE SET client = excluded.client RETURNING digest`,
			client, plain(key), digest, microsOrNow(at)).Scan(&first)
	})
	return first, s.explain(err, "claiming idempotency key %q", key)
}

// ForgetRequests implements store.Clients.
func (s *Store) ForgetRequests(ctx context.Context, before time.Time) (int64, error) {
	n, err := s.exec(ctx, "DELETE FROM request_claims WHERE created < $1", micros(before))
	return n, s.explain(err, "forgetting old idempotency keys")
}
