package server

import (
	"context"
	"errors"

	"github.com/quaestor-run/quaestor/runtime/server/api"
	"github.com/quaestor-run/quaestor/runtime/store"
)

// CreateClient makes a client.
func (o operations) CreateClient(ctx context.Context, in api.CreateClientRequestObject) (api.CreateClientResponseObject, error) {
	var reading reading
	reading.printable("/name", in.Body.Name)
	reading.printable("/system_prompt", in.Body.SystemPrompt)
	if err := reading.err(); err != nil {
		return nil, err
	}
	now := o.now().UTC()
	client := store.Client{
		ID: in.Body.ID, Name: in.Body.Name, Team: in.Body.Team, Cache: string(in.Body.Cache), Block: float64(in.Body.InjectionThreshold),
		SystemPrompt: in.Body.SystemPrompt, Models: in.Body.Models, Created: now, Updated: now,
	}
	err := o.store.CreateClient(ctx, client)
	switch {
	case errors.Is(err, store.ErrConflict):
		return nil, conflict("There is a client %q already.", client.ID)
	case errors.Is(err, store.ErrNotFound):
		return nil, noTeam(client.Team)
	case err != nil:
		return nil, err
	}
	o.access.Forget()
	return api.CreateClient201JSONResponse(settingsOf(client)), nil
}

func noTeam(team string) *problem {
	return invalid(inBody("/team", "there is no team %q; POST /v1/admin/teams makes one", team))
}

// ListClients lists clients by id.
func (o operations) ListClients(ctx context.Context, in api.ListClientsRequestObject) (api.ListClientsResponseObject, error) {
	limit := pageOf(in.Params.Limit)
	clients, err := o.store.Clients(ctx, given(in.Params.Cursor), limit)
	if err != nil {
		return nil, err
	}
	answer := api.ListClients200JSONResponse{Clients: make([]api.ClientSettings, 0, len(clients))}
	for _, client := range clients {
		answer.Clients = append(answer.Clients, settingsOf(client))
	}
	if len(clients) == limit {
		answer.Next = clients[limit-1].ID
	}
	return answer, nil
}

func pageOf(limit *int) int {
	if limit == nil {
		return 50
	}
	return *limit
}

// GetClient gives a client.
func (o operations) GetClient(ctx context.Context, in api.GetClientRequestObject) (api.GetClientResponseObject, error) {
	client, err := o.store.Client(ctx, in.ID)
	if errors.Is(err, store.ErrNotFound) {
		return nil, notFound("client", in.ID)
	}
	if err != nil {
		return nil, err
	}
	return api.GetClient200JSONResponse(settingsOf(client)), nil
}

// UpdateClient changes the settings that are given.
func (o operations) UpdateClient(ctx context.Context, in api.UpdateClientRequestObject) (api.UpdateClientResponseObject, error) {
	var reading reading
	reading.printable("/name", given(in.Body.Name))
	reading.printable("/system_prompt", given(in.Body.SystemPrompt))
	if err := reading.err(); err != nil {
		return nil, err
	}
	if team := given(in.Body.Team); team != "" {
		if _, err := o.store.Team(ctx, team); errors.Is(err, store.ErrNotFound) {
			return nil, noTeam(team)
		} else if err != nil {
			return nil, err
		}
	}
	client, err := o.store.UpdateClient(ctx, in.ID, func(c *store.Client) error {
		o.applyPatch(c, *in.Body)
		return nil
	})
	if errors.Is(err, store.ErrNotFound) {
		return nil, notFound("client", in.ID)
	}
	if err != nil {
		return nil, err
	}
	o.access.Forget()
	return api.UpdateClient200JSONResponse(settingsOf(client)), nil
}

func (o operations) applyPatch(c *store.Client, patch api.ClientPatch) {
	set(&c.Name, patch.Name)
	set(&c.Team, patch.Team)
	set(&c.SystemPrompt, patch.SystemPrompt)
	set(&c.Disabled, patch.Disabled)
	set(&c.Models, patch.Models)
	if patch.Cache != nil {
		c.Cache = string(*patch.Cache)
	}
	if patch.InjectionThreshold != nil {
		c.Block = float64(*patch.InjectionThreshold)
	}
	c.Updated = o.now().UTC()
}

func settingsOf(c store.Client) api.ClientSettings {
	cache := c.Cache
	if cache == "" {
		cache = "off"
	}
	return api.ClientSettings{
		ID: c.ID, Name: c.Name, Team: c.Team, Cache: api.CacheDefault(cache), InjectionThreshold: c.Block,
		SystemPrompt: c.SystemPrompt, Models: present(c.Models), Disabled: c.Disabled, CreatedAt: c.Created.UTC(), UpdatedAt: c.Updated.UTC(),
	}
}

// CreateTeam makes a team.
func (o operations) CreateTeam(ctx context.Context, in api.CreateTeamRequestObject) (api.CreateTeamResponseObject, error) {
	var reading reading
	reading.printable("/name", in.Body.Name)
	if err := reading.err(); err != nil {
		return nil, err
	}
	team := store.Team{ID: in.Body.ID, Name: in.Body.Name, Created: o.now().UTC()}
	err := o.store.CreateTeam(ctx, team)
	if errors.Is(err, store.ErrConflict) {
		return nil, conflict("There is a team %q already.", team.ID)
	}
	if err != nil {
		return nil, err
	}
	return api.CreateTeam201JSONResponse(teamOf(team)), nil
}

// ListTeams lists teams by id.
func (o operations) ListTeams(ctx context.Context, in api.ListTeamsRequestObject) (api.ListTeamsResponseObject, error) {
	limit := pageOf(in.Params.Limit)
	teams, err := o.store.Teams(ctx, given(in.Params.Cursor), limit)
	if err != nil {
		return nil, err
	}
	answer := api.ListTeams200JSONResponse{Teams: make([]api.Team, 0, len(teams))}
	for _, team := range teams {
		answer.Teams = append(answer.Teams, teamOf(team))
	}
	if len(teams) == limit {
		answer.Next = teams[limit-1].ID
	}
	return answer, nil
}

func teamOf(t store.Team) api.Team {
	return api.Team{ID: t.ID, Name: t.Name, CreatedAt: t.Created.UTC()}
}
