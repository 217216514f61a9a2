// Package runtime puts Quaestor together: configuration, store, ledger, models,
// Temporal, workers and the API. It is what the quaestor command runs, and what
// other Go programs import to add agents, tools and workflows of their own.
package runtime

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/quaestor-run/quaestor/agents"
	"github.com/quaestor-run/quaestor/agents/analyst"
	"github.com/quaestor-run/quaestor/agents/coordinator"
	"github.com/quaestor-run/quaestor/agents/gatherer"
	"github.com/quaestor-run/quaestor/agents/reviewer"
	"github.com/quaestor-run/quaestor/agents/summarizer"
	"github.com/quaestor-run/quaestor/agents/writer"
	"github.com/quaestor-run/quaestor/configs"
	"github.com/quaestor-run/quaestor/runtime/provider"
	"github.com/quaestor-run/quaestor/tools"
	"github.com/quaestor-run/quaestor/workflows"
)

// Options says what a runtime consists of. Config is required, see
// [configs.Load]; the zero value of everything else is the whole of Quaestor
// against an existing Temporal.
type Options struct {
	Config configs.Config

	// Embedded starts a Temporal server in this process, on a file in the data
	// folder.
	Embedded bool
	// WorkerOnly and APIOnly leave the other part to another process.
	WorkerOnly bool
	APIOnly    bool
	// GatewayOnly serves models to clients and nothing else; it needs no Temporal.
	GatewayOnly bool

	// Agents, Tools and Workflows are added to the built-in ones. A name that is
	// taken is refused.
	Agents    []Agent
	Tools     []tools.Tool
	Workflows []Workflow

	// Providers are added to the built-in ones or replace them, by name.
	Providers map[string]provider.Provider

	Version   string
	LogOutput io.Writer // nil is standard error
}

// Agent is any [agents.Agent].
type Agent interface {
	Define() (agents.Definition, error)
}

// Workflow is a workflow function and the name it is registered under.
type Workflow struct {
	Name string
	Func any
}

// builtinAgents is the one place where a new role is listed.
func builtinAgents() []Agent {
	return []Agent{coordinator.New(), gatherer.New(), analyst.New(), writer.New(), reviewer.New(), summarizer.New()}
}

// builtinWorkflows is the one place where a new workflow is listed.
func builtinWorkflows() []Workflow {
	return []Workflow{
		{workflows.ResearchName, workflows.Research},
		{workflows.AgentName, workflows.Agent},
		{workflows.SummarizeName, workflows.Summarize},
	}
}

// defineAgents checks names: each once, and each agent's tools known.
func defineAgents(list []Agent, known map[string]tools.Tool) (map[string]agents.Definition, error) {
	defined := make(map[string]agents.Definition, len(list))
	var errs []error
	for _, agent := range list {
		definition, err := agent.Define()
		if err == nil {
			definition, err = definition.Extend(func(tool string) bool { _, ok := known[tool]; return ok })
		}
		if err != nil {
			errs = append(errs, err)
			continue
		}
		if _, taken := defined[definition.Name]; taken {
			errs = append(errs, fmt.Errorf("two agents are named %q", definition.Name))
		}
		for _, tool := range definition.Tools {
			if _, ok := known[tool]; !ok {
				errs = append(errs, fmt.Errorf("agent %q wants tool %q, which nobody registered", definition.Name, tool))
			}
		}
		defined[definition.Name] = definition
	}
	return defined, errors.Join(errs...)
}

func nameTools(list []tools.Tool) (map[string]tools.Tool, error) {
	named := make(map[string]tools.Tool, len(list))
	for _, tool := range list {
		if _, taken := named[tool.Name()]; taken {
			return nil, fmt.Errorf("two tools are named %q", tool.Name())
		}
		named[tool.Name()] = tool
	}
	return named, nil
}

func checkWorkflows(list []Workflow) error {
	seen := map[string]bool{}
	for _, workflow := range list {
		if workflow.Name == "" || workflow.Func == nil {
			return errors.New("a workflow needs a name and a function")
		}
		if seen[workflow.Name] {
			return fmt.Errorf("two workflows are named %q", workflow.Name)
		}
		seen[workflow.Name] = true
	}
	return nil
}

// DataFolder is the folder of everything that is kept: the configured one, or
// quaestor/ in the user's data directory (XDG Base Directory Specification).
func DataFolder(config configs.Config) (string, error) {
	if config.Data != "" {
		return filepath.Abs(config.Data)
	}
	if base := os.Getenv("XDG_DATA_HOME"); filepath.IsAbs(base) {
		return filepath.Join(base, "quaestor"), nil
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", fmt.Errorf("finding a data folder: %w; set one with --data", err)
	}
	return filepath.Join(home, ".local", "share", "quaestor"), nil
}
