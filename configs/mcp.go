package configs

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
)

// MCP says which servers of the Model Context Protocol agents have tools of.
type MCP struct {
	Servers map[string]MCPServer `yaml:"servers"`
}

// MCPServer is one server: a program that is started, or an address.
type MCPServer struct {
	Command string   `yaml:"command"`
	Args    []string `yaml:"args"`
	Env     []string `yaml:"env"` // names of variables that the program gets besides the usual few

	URL       string            `yaml:"url"`
	TokenEnv  string            `yaml:"token_env"`  // the variable with a bearer token
	HeaderEnv map[string]string `yaml:"header_env"` // variables with the values of headers
	Local     bool              `yaml:"local"`

	Tools       []string      `yaml:"tools"`
	Agents      []string      `yaml:"agents"`
	Optional    bool          `yaml:"optional"`
	Timeout     time.Duration `yaml:"timeout"`      // 0 is 20s
	OutputBytes int64         `yaml:"output_bytes"` // 0 is 256 KiB

	// Secrets are what the variables of Env hold, and Headers those of TokenEnv
	// and HeaderEnv.
	Secrets map[string]string `yaml:"-"`
	Headers map[string]string `yaml:"-"`
}

// The bounds of one call.
const (
	minMCPTimeout = time.Second
	minMCPOutput  = 4 << 10
	maxMCPOutput  = 1 << 20
)

// serverName is a name that can stand in the name of a tool.
var serverName = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,23}$`)

func (m MCP) check() (failures []error) {
	for _, name := range slices.Sorted(maps.Keys(m.Servers)) {
		for _, err := range m.Servers[name].check() {
			failures = append(failures, fmt.Errorf("mcp.servers.%s.%w", name, err))
		}
		if !serverName.MatchString(name) {
			failures = append(failures, fmt.Errorf("mcp.servers.%s: a name of at most 24 small letters, digits and - is wanted", name))
		}
	}
	return failures
}

func (s MCPServer) check() []error {
	failures := []error{s.checkWay()}
	if len(s.Tools) == 0 {
		failures = append(failures, errors.New(`tools: name the tools that agents may have, or "*" for all that the server has`))
	}
	if s.Timeout != 0 {
		failures = append(failures, between("timeout", s.Timeout, minMCPTimeout, maxWebTimeout))
	}
	if s.OutputBytes != 0 {
		failures = append(failures, between("output_bytes", s.OutputBytes, minMCPOutput, maxMCPOutput))
	}
	for _, header := range slices.Sorted(maps.Keys(s.HeaderEnv)) {
		canonical := http.CanonicalHeaderKey(header)
		if strings.ContainsAny(header, " \t\r\n:") || canonical == "Host" || strings.HasPrefix(canonical, "Mcp-") {
			failures = append(failures, fmt.Errorf("header_env: %q is no header of yours to set", header))
		}
	}
	return slices.DeleteFunc(failures, func(err error) bool { return err == nil })
}

// checkWay wants one way to the server.
func (s MCPServer) checkWay() error {
	switch {
	case s.Command == "" && s.URL == "":
		return errors.New("command: a command or a url is wanted")
	case s.Command != "" && s.URL != "":
		return errors.New("url: a server has a command or a url, not both")
	case s.Command != "" && (s.TokenEnv != "" || len(s.HeaderEnv) > 0 || s.Local):
		return errors.New("command: token_env, header_env and local are for servers with a url; a program gets its secrets by env")
	case s.Command != "":
		return nil
	case len(s.Args) > 0 || len(s.Env) > 0:
		return errors.New("url: args and env are for servers with a command")
	}
	if err := webAddress("url", s.URL); err != nil {
		return err
	}
	address, err := url.Parse(s.URL)
	if err != nil || address.User != nil {
		return errors.New("url: it holds a user name; secrets belong into token_env or header_env")
	}
	if address.Scheme == "http" && !s.Local {
		return errors.New("url: https is wanted, or local: true for a server in your own network")
	}
	return nil
}

// readSecrets gives each server what its variables hold.
func (m MCP) readSecrets(env func(string) string) error {
	var failures []error
	for _, name := range slices.Sorted(maps.Keys(m.Servers)) {
		server := m.Servers[name]
		read := func(key, variable string) string {
			value := ""
			if env != nil {
				value = env(variable)
			}
			if value == "" {
				failures = append(failures, fmt.Errorf("mcp.servers.%s.%s: the environment variable %q is not set", name, key, variable))
			}
			return value
		}
		server.Secrets, server.Headers = map[string]string{}, map[string]string{}
		for _, variable := range server.Env {
			server.Secrets[variable] = read("env", variable)
		}
		for _, header := range slices.Sorted(maps.Keys(server.HeaderEnv)) {
			server.Headers[http.CanonicalHeaderKey(header)] = read("header_env", server.HeaderEnv[header])
		}
		if server.TokenEnv != "" {
			server.Headers["Authorization"] = "Bearer " + read("token_env", server.TokenEnv)
		}
		m.Servers[name] = server
	}
	return errors.Join(failures...)
}
