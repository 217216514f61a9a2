// Command quaestor researches, writes and checks: see `quaestor --help`.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"
	_ "time/tzdata" // schedules name time zones, also on machines without zone files

	"github.com/spf13/cobra"

	"github.com/quaestor-run/quaestor/configs"
	"github.com/quaestor-run/quaestor/runtime"
	"github.com/quaestor-run/quaestor/runtime/provider"
)

// version is set by the linker.
var version = "dev"

// Exit codes.
const (
	exitOK        = 0
	exitUsage     = 2
	exitFailed    = 3
	exitPartial   = 4
	exitCancelled = 130
)

// exit ends the command with a code; err is nil when everything was said.
type exit struct {
	code int
	err  error
}

func (e *exit) Error() string {
	if e.err == nil {
		return fmt.Sprintf("exit %d", e.code)
	}
	return e.err.Error()
}

func (e *exit) Unwrap() error { return e.err }

func usage(err error) error { return &exit{exitUsage, err} }

func main() {
	os.Exit(execute(&settings{}))
}

// execute runs the command of os.Args and gives the exit code.
func execute(s *settings) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second interruption does not wait
	defer stop()
	err := rootCommand(s).ExecuteContext(ctx)
	var ended *exit
	if err != nil && ctx.Err() != nil && !errors.As(err, &ended) { // it was interrupted before it had anything to drain
		err = &exit{exitCancelled, err}
	}
	return exitCode(err)
}

// exitCode says what went wrong on standard error and gives the code for it.
func exitCode(err error) int {
	if err == nil {
		return exitOK
	}
	code := exitFailed
	var ended *exit
	if errors.As(err, &ended) {
		code = ended.code
		err = ended.err
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "quaestor:", err)
	}
	return code
}

// settings are what every command shares: flags, and providers that take the
// place of the built-in ones.
type settings struct {
	configFile string
	data       string
	providers  map[string]provider.Provider
}

func rootCommand(s *settings) *cobra.Command {
	root := &cobra.Command{
		Use:           "quaestor",
		Short:         "Research that can be checked line by line",
		Long:          "Quaestor runs teams of agents durably on Temporal. A topic and a folder of documents go in;\na report comes out in which every claim leads to the exact words it stands on.",
		Version:       version,
		SilenceUsage:  true,
		SilenceErrors: true,
		Args:          knownCommand,

		SuggestionsMinimumDistance: 2,
		PersistentPreRun: func(cmd *cobra.Command, _ []string) {
			heap := uint64(runtime.EasyHeap)
			if cmd.Name() == "gateway" {
				heap = runtime.GatewayHeap
			}
			runtime.TuneMemory(os.Getenv, heap)
		},
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.PersistentFlags().StringVar(&s.configFile, "config", "", "configuration `FILE` (YAML); see configs/default.yaml")
	root.PersistentFlags().StringVar(&s.data, "data", "", "data `DIR` (default: quaestor/ in the user's data directory)")
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return usage(fmt.Errorf("%w; see %s --help", err, cmd.CommandPath()))
	})
	root.AddCommand(researchCommand(s), upCommand(s), workerCommand(s), apiCommand(s), gatewayCommand(s), setupCommand(s),
		mcpCommand(s), keysCommand(s), budgetsCommand(s), reconcileCommand(s), auditCommand(s), verifyCommand(), mockCommand())
	return root
}

// knownCommand refuses words that are no command, and names the nearest.
func knownCommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	hint := ""
	if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
		hint = "did you mean " + strings.Join(near, " or ") + "? "
	}
	return usage(fmt.Errorf("there is no command %q; %ssee %s --help", args[0], hint, cmd.CommandPath()))
}

// load reads the configuration and lets the flags win.
func (s *settings) load() (configs.Config, error) {
	config, err := configs.Load(s.configFile, os.Getenv)
	if err != nil {
		return configs.Config{}, usage(err)
	}
	if s.data != "" {
		config.Data = s.data
	}
	return config, nil
}
