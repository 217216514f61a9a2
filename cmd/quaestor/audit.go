package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/quaestor-run/quaestor/runtime"
	"github.com/quaestor-run/quaestor/runtime/audit"
	"github.com/quaestor-run/quaestor/runtime/ledger"
	"github.com/quaestor-run/quaestor/runtime/server/client"
	"github.com/quaestor-run/quaestor/runtime/store"
)

func auditCommand(s *settings) *cobra.Command {
	var server, out string
	cmd := &cobra.Command{
		Use:   "audit ID",
		Short: "Pack everything a run stands on into one file",
		Long: "Writes report, evidence, snapshots, drafts, decisions, prompts, model calls, costs and checks of a run that has\n" +
			"ended as one ZIP, which `quaestor verify` checks anywhere. Keep the root that it prints somewhere else: with it\n" +
			"nobody can change the pack unseen. The run is looked up in the data folder, or at --server.",
		Example: "  quaestor audit r_k3m5q2x7w4n6p7a2b3c4 --out run.audit.zip",
		Args:    exactly(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if out == "" {
				out = strings.NewReplacer("/", "_", "\\", "_", ":", "_").Replace(args[0]) + ".audit.zip"
			}
			write := s.packLocally
			if server != "" {
				api, err := newAPI(server, os.Getenv("QUAESTOR_API_KEY"), nil)
				if err != nil {
					return usage(err)
				}
				write = api.fetchAudit
			}
			return saveAudit(cmd.Context(), args[0], out, write)
		},
	}
	cmd.Flags().StringVar(&server, "server", "", "`URL` of a running server; its key comes from QUAESTOR_API_KEY")
	cmd.Flags().StringVar(&out, "out", "", "`FILE` to write the pack to (default: ID.audit.zip)")
	return cmd
}

// packLocally packs a run of the data folder, or of the configured database.
func (s *settings) packLocally(ctx context.Context, run string, out io.Writer) error {
	return s.withLedger(ctx, func(accounts ledger.Ledger) error {
		config, err := s.load()
		if err != nil {
			return err
		}
		kept, err := runtime.OpenStore(ctx, config)
		if err != nil {
			return err
		}
		_, err = audit.Archive{Store: kept, Ledger: accounts, MadeBy: "quaestor " + version}.Write(ctx, out, run)
		switch {
		case errors.Is(err, store.ErrNotFound):
			err = usage(fmt.Errorf("there is no run %q here: %w; --data or --server names another place", run, err))
		case errors.Is(err, audit.ErrUnfinished):
			err = fmt.Errorf("%w; ask again when it has", err)
		}
		return errors.Join(err, kept.Close())
	})
}

// fetchAudit has a server pack a run.
func (a *api) fetchAudit(ctx context.Context, run string, out io.Writer) error {
	answer, err := a.GetAudit(ctx, run)
	if err != nil {
		return fmt.Errorf("reaching the server: %w; is `quaestor up` running there?", err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		refused, err := client.ParseGetAuditResponse(answer)
		return fmt.Errorf("asking for the audit pack: %w", client.Check(refused, err))
	}
	if _, err := io.Copy(out, answer.Body); err != nil {
		return fmt.Errorf("receiving the audit pack, which broke off: %w", err)
	}
	return nil
}

// saveAudit writes a pack to a file, which is there only once it is whole, and
// tells its root.
func saveAudit(ctx context.Context, run, path string, write func(ctx context.Context, run string, out io.Writer) error) error {
	file, err := os.CreateTemp(filepath.Dir(path), ".audit-*")
	if err != nil {
		return usage(fmt.Errorf("--out %s: %w", path, err))
	}
	defer func() {
		_ = file.Close()           // it was, where it is whole
		_ = os.Remove(file.Name()) // after the rename it is not there
	}()
	if err := write(ctx, run, file); err != nil {
		return err
	}
	size, err := file.Seek(0, io.SeekEnd)
	if err != nil {
		return fmt.Errorf("writing the audit pack: %w", err)
	}
	manifest, err := audit.ReadManifest(file, size)
	if err != nil {
		return err
	}
	if err := errors.Join(file.Chmod(0o644), file.Close(), os.Rename(file.Name(), path)); err != nil {
		return fmt.Errorf("writing the audit pack: %w", err)
	}
	fmt.Fprintf(os.Stderr, "The audit pack is in %s. Its root is %s.\n", path, manifest.Root)
	return nil
}

// verifyPatience is how long the check of one pack takes at most.
const verifyPatience = 30 * time.Minute

func verifyCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "verify PACK",
		Short: "Check an audit pack, without network, database or server",
		Long: "Holds every file of the pack against its manifest, every quote against its snapshot, every claim against its\n" +
			"evidence, the report against its draft, computations, scorecard, costs and decisions against what they stand on.\n" +
			"A change that fits together in itself is seen by the root alone: compare it with the one that `quaestor audit` told.\n\n" +
			"Exit codes: 0 verified, 2 bad usage, 3 not verified.",
		Args: exactly(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx, stop := context.WithTimeoutCause(cmd.Context(), verifyPatience, fmt.Errorf("it takes more than %s", verifyPatience))
			defer stop()
			return verify(ctx, args[0], cmd.OutOrStdout(), asJSON)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print what was checked and found as one JSON object")
	return cmd
}

func verify(ctx context.Context, path string, out io.Writer, asJSON bool) error {
	file, err := os.Open(path)
	if err != nil {
		return usage(err)
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil || !info.Mode().IsRegular() {
		return usage(errors.Join(fmt.Errorf("%s is no file", path), err))
	}
	result, err := audit.Verify(ctx, file, info.Size(), audit.Limits{})
	if err != nil {
		return fmt.Errorf("%w: %w", err, context.Cause(ctx))
	}
	if asJSON {
		encoder := json.NewEncoder(out)
		encoder.SetEscapeHTML(false)
		encoder.SetIndent("", "  ")
		err = encoder.Encode(result)
	} else {
		err = result.WriteText(out)
	}
	if err == nil && !result.Verified {
		err = &exit{code: exitFailed}
	}
	return err
}
