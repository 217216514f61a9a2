//go:build !slim && unix

package devserver

import (
	"context"
	"database/sql"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"go.temporal.io/server/schema"
)

// edition is what a file's user_version says about its schema. A change of
// Temporal's schema (a test watches it) needs the next number here and a
// migration from this one. In edition 1 the list of workflows was in the main
// file, with all its indexes.
const edition = 2

const (
	mainSchema       = "sqlite/v3/temporal/schema.sql"
	visibilitySchema = "sqlite/v3/visibility/schema.sql"
)

// keptIndexes are those of the list of workflows that remain. It comes with one
// for each of 58 columns, and every start and end of a workflow would write to
// each; the rows of one machine are few enough to be filtered.
func keptIndexes() []string {
	return []string{"default_idx", "by_workflow_id", "by_workflow_type", "by_temporal_namespace_division"}
}

// prepareFiles makes the tables of the main file and of the list of workflows.
// Each file gets its tables in one transaction, so that it has them all or none
// whenever the process is killed; the main file is the last.
func prepareFiles(ctx context.Context, path string) error {
	found, err := editionOf(ctx, path)
	if err != nil {
		return err
	}
	if err := prepareVisibility(ctx, path, found == 1); err != nil {
		return fmt.Errorf("preparing %s: %w", visibilityFile(path), err)
	}
	switch found {
	case edition:
		return nil
	case 1:
		return inFile(ctx, path, dropVisibility)
	}
	return inFile(ctx, path, createTables(mainSchema))
}

// editionOf is the edition of a file, 0 for an empty one.
func editionOf(ctx context.Context, path string) (found int, err error) {
	db, err := openFile(path)
	if err != nil {
		return 0, err
	}
	defer func() {
		if closeErr := db.Close(); err == nil {
			err = closeErr
		}
	}()
	var tables int
	if err := db.QueryRowContext(ctx, "PRAGMA user_version").Scan(&found); err != nil {
		return 0, fmt.Errorf("reading its version: %w", err)
	}
	if err := db.QueryRowContext(ctx, "SELECT count(*) FROM sqlite_master").Scan(&tables); err != nil {
		return 0, fmt.Errorf("reading its tables: %w", err)
	}
	if found > edition || found == 0 && tables != 0 {
		return 0, fmt.Errorf("its schema is edition %d with %d tables, this binary knows edition %d: "+
			"open it with the version that made it, or choose another folder", found, tables, edition)
	}
	return found, nil
}

func prepareVisibility(ctx context.Context, path string, move bool) error {
	visibility := visibilityFile(path)
	if err := makeFile(visibility); err != nil {
		return err
	}
	found, err := editionOf(ctx, visibility)
	if err != nil || found == edition {
		return err
	}
	steps := []step{createTables(visibilitySchema), dropIndexes}
	if move {
		steps = append(steps, copyVisibility)
	}
	return inFile(ctx, visibility, func(ctx context.Context, tx *sql.Tx) error {
		for _, step := range steps {
			if err := step(ctx, tx); err != nil {
				return err
			}
		}
		return nil
	}, "ATTACH DATABASE '"+strings.ReplaceAll("file:"+uriPath(path)+"?mode=ro", "'", "''")+"' AS main_file")
}

type step func(context.Context, *sql.Tx) error

// inFile brings a file to this edition in one transaction, after statements
// that cannot be part of one.
func inFile(ctx context.Context, path string, change step, before ...string) error {
	db, err := openFile(path)
	if err != nil {
		return err
	}
	defer db.Close()
	for _, statement := range before {
		if _, err := db.ExecContext(ctx, statement); err != nil {
			return fmt.Errorf("running %q: %w", statement, err)
		}
	}
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("beginning a transaction: %w", err)
	}
	defer tx.Rollback() //nolint:errcheck // after Commit it has nothing to do, before it the first error counts
	if err := change(ctx, tx); err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, fmt.Sprintf("PRAGMA user_version = %d", edition)); err != nil {
		return fmt.Errorf("writing the edition of the schema: %w", err)
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("committing the schema: %w", err)
	}
	return nil
}

func createTables(name string) step {
	return func(ctx context.Context, tx *sql.Tx) error {
		statements, err := fs.ReadFile(schema.Assets(), name)
		if err != nil {
			return fmt.Errorf("reading schema %s: %w", name, err)
		}
		if _, err := tx.ExecContext(ctx, string(statements)); err != nil {
			return fmt.Errorf("creating the tables of %s: %w", name, err)
		}
		return nil
	}
}

func dropIndexes(ctx context.Context, tx *sql.Tx) error {
	names, err := list(ctx, tx, "SELECT name FROM sqlite_master WHERE type = 'index' AND tbl_name = 'executions_visibility' AND sql IS NOT NULL")
	if err != nil {
		return fmt.Errorf("listing indexes: %w", err)
	}
	for _, name := range names {
		if slices.Contains(keptIndexes(), name) {
			continue
		}
		if _, err := tx.ExecContext(ctx, `DROP INDEX "`+name+`"`); err != nil {
			return fmt.Errorf("dropping index %s: %w", name, err)
		}
	}
	return nil
}

// copyVisibility takes the list of workflows over from the main file of
// edition 1. Columns that SQLite computes are left to it.
func copyVisibility(ctx context.Context, tx *sql.Tx) error {
	columns, err := list(ctx, tx, "SELECT name FROM pragma_table_xinfo('executions_visibility') WHERE hidden = 0")
	if err != nil {
		return fmt.Errorf("listing columns: %w", err)
	}
	names := strings.Join(columns, ", ")
	_, err = tx.ExecContext(ctx, fmt.Sprintf("INSERT INTO executions_visibility (%s) SELECT %s FROM main_file.executions_visibility", names, names))
	if err != nil {
		return fmt.Errorf("taking over the list of workflows: %w", err)
	}
	return nil
}

func dropVisibility(ctx context.Context, tx *sql.Tx) error {
	for _, table := range []string{"executions_visibility_fts_text", "executions_visibility_fts_keyword_list", "executions_visibility"} {
		if _, err := tx.ExecContext(ctx, "DROP TABLE IF EXISTS "+table); err != nil {
			return fmt.Errorf("dropping %s: %w", table, err)
		}
	}
	return nil
}

func list(ctx context.Context, tx *sql.Tx, query string) (names []string, err error) {
	rows, err := tx.QueryContext(ctx, query)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			return nil, err
		}
		names = append(names, name)
	}
	return names, rows.Err()
}
