package server

import (
	"cmp"
	"context"
	"errors"
	"time"

	"github.com/quaestor-run/quaestor/runtime/server/access"
	"github.com/quaestor-run/quaestor/runtime/server/api"
	"github.com/quaestor-run/quaestor/runtime/store"
)

// maxOverlap is how long two secrets of one holder may work side by side.
const maxOverlap = 720 * time.Hour

// CreateKey makes a key and shows its secret. Of a server without keys the
// first one is an admin's: who makes another kind is shut out.
func (o operations) CreateKey(ctx context.Context, in api.CreateKeyRequestObject) (api.CreateKeyResponseObject, error) {
	var reading reading
	reading.printable("/name", in.Body.Name)
	if err := reading.err(); err != nil {
		return nil, err
	}
	role := cmp.Or(string(in.Body.Role), store.RoleClient)
	if principalOf(ctx).role == roleOperator && role != store.RoleAdmin {
		return nil, conflict("The first key must be an admin's: after it, nobody without a key is served. " +
			"Create one with \"role\": \"admin\", then this one with it.")
	}
	secret, key := access.NewKey(in.Body.Client, in.Body.Name, role, o.now().UTC())
	if err := o.store.CreateKey(ctx, key); err != nil {
		return nil, err
	}
	o.access.Forget()
	return api.CreateKey201JSONResponse{Key: keyOf(key), Secret: secret}, nil
}

// ListKeys lists keys without their secrets, which nobody has.
func (o operations) ListKeys(ctx context.Context, in api.ListKeysRequestObject) (api.ListKeysResponseObject, error) {
	keys, err := o.store.Keys(ctx)
	if err != nil {
		return nil, err
	}
	answer := api.ListKeys200JSONResponse{Keys: []api.Key{}}
	for _, key := range keys {
		if client := given(in.Params.Client); client == "" || client == key.Client {
			answer.Keys = append(answer.Keys, keyOf(key))
		}
	}
	return answer, nil
}

// RevokeKey ends a key.
func (o operations) RevokeKey(ctx context.Context, in api.RevokeKeyRequestObject) (api.RevokeKeyResponseObject, error) {
	err := o.store.RevokeKey(ctx, in.ID, o.now().UTC())
	if errors.Is(err, store.ErrNotFound) {
		return nil, notFound("key", in.ID)
	}
	if err != nil {
		return nil, err
	}
	o.access.Forget()
	return api.RevokeKey204Response{}, nil
}

// RotateKey makes the key that takes the place of another.
func (o operations) RotateKey(ctx context.Context, in api.RotateKeyRequestObject) (api.RotateKeyResponseObject, error) {
	overlap, err := time.ParseDuration(in.Body.Overlap)
	if err != nil || overlap < 0 || overlap > maxOverlap {
		return nil, invalid(inBody("/overlap", "must be a duration such as 24h, from 0s to %dh", maxOverlap/time.Hour))
	}
	now := o.now().UTC()
	secret, next := access.NewKey("", "", "", now)
	made, err := o.store.RotateKey(ctx, in.ID, next, now.Add(overlap))
	switch {
	case errors.Is(err, store.ErrNotFound):
		return nil, notFound("key", in.ID)
	case errors.Is(err, store.ErrConflict):
		return nil, conflict("Key %q was revoked or rotated before.", in.ID)
	case err != nil:
		return nil, err
	}
	o.access.Forget()
	return api.RotateKey201JSONResponse{Key: keyOf(made), Secret: secret}, nil
}

func keyOf(k store.Key) api.Key {
	return api.Key{
		ID: k.ID, Client: k.Client, Name: k.Name, Role: api.KeyRole(cmp.Or(k.Role, store.RoleClient)), Replaces: k.Replaces,
		CreatedAt: k.Created.UTC(), ExpiresAt: utc(k.Expires), RevokedAt: utc(k.Revoked),
	}
}
