package mcpserver

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/quaestor-run/quaestor/runtime/server/client"
)

const resources = "quaestor://research/"

func reportURI(id string) string { return resources + id + "/report" }

// addResources offers reports and evidence to be read by address.
func (s *Server) addResources() {
	s.protocol.AddResourceTemplate(&sdk.ResourceTemplate{
		Name: "report", Title: "Report of a research", URITemplate: resources + "{id}/report", MIMEType: "text/markdown",
		Description: "The published report, in which every claim cites its evidence.",
	}, s.resource("/report", func(ctx context.Context, api *client.API, id string) (string, string, error) {
		text, err := reportText(ctx, api, id, "md")
		return "text/markdown", text, err
	}))
	s.protocol.AddResourceTemplate(&sdk.ResourceTemplate{
		Name: "evidence", Title: "Evidence of a research", URITemplate: resources + "{id}/evidence", MIMEType: "application/json",
		Description: "Claims and the exact quotes they stand on, as the API gives them.",
	}, s.resource("/evidence", func(ctx context.Context, api *client.API, id string) (string, string, error) {
		all, err := evidenceList(ctx, api, id)
		if err != nil {
			return "", "", err
		}
		text, err := json.Marshal(all)
		return "application/json", string(text), err
	}))
}

func (s *Server) resource(ending string, read func(ctx context.Context, api *client.API, id string) (media, text string, err error)) sdk.ResourceHandler {
	return func(ctx context.Context, call *sdk.ReadResourceRequest) (*sdk.ReadResourceResult, error) {
		address := call.Params.URI
		rest, ours := strings.CutPrefix(address, resources)
		id, whole := strings.CutSuffix(rest, ending)
		if !ours || !whole || id == "" || strings.Contains(id, "/") {
			return nil, sdk.ResourceNotFoundError(address)
		}
		api, err := s.api(call.Extra)
		if err != nil {
			return nil, err
		}
		media, text, err := read(ctx, api, id)
		var problem *client.Problem
		if errors.As(err, &problem) && problem.Status == http.StatusNotFound {
			return nil, sdk.ResourceNotFoundError(address)
		}
		if err != nil {
			return nil, fmt.Errorf("reading %s: %w", address, err)
		}
		return &sdk.ReadResourceResult{Contents: []*sdk.ResourceContents{{URI: address, MIMEType: media, Text: text}}}, nil
	}
}
