package runtime

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/quaestor-run/quaestor/configs"
	"github.com/quaestor-run/quaestor/runtime/ledger"
	ledgerpostgres "github.com/quaestor-run/quaestor/runtime/ledger/postgres"
	ledgersqlite "github.com/quaestor-run/quaestor/runtime/ledger/sqlite"
	"github.com/quaestor-run/quaestor/runtime/store"
	storepostgres "github.com/quaestor-run/quaestor/runtime/store/postgres"
	storesqlite "github.com/quaestor-run/quaestor/runtime/store/sqlite"
)

// OpenStore opens the store that the configuration names: on PostgreSQL when a
// database is configured, else on a file in the data folder.
func OpenStore(ctx context.Context, config configs.Config) (store.Store, error) {
	if url := config.Database.URL; url != "" {
		kept, err := storepostgres.Open(ctx, url)
		if err != nil {
			return nil, fmt.Errorf("opening the store: %w", err)
		}
		return kept, nil
	}
	path, err := dataFile(config, "store.db")
	if err != nil {
		return nil, err
	}
	kept, err := storesqlite.Open(ctx, path)
	if err != nil {
		return nil, fmt.Errorf("opening the store: %w", err)
	}
	return kept, nil
}

// Ledger is a ledger that holds a database open.
type Ledger interface {
	ledger.Ledger
	Close() error
}

// OpenLedger opens the ledger that the configuration names: on PostgreSQL when
// a database is configured, else on a file in the data folder. It may be open in
// other processes at the same time.
func OpenLedger(ctx context.Context, config configs.Config) (Ledger, error) {
	if url := config.Database.URL; url != "" {
		accounts, err := ledgerpostgres.Open(ctx, url)
		if err != nil {
			return nil, fmt.Errorf("opening the ledger: %w", err)
		}
		return accounts, nil
	}
	path, err := dataFile(config, "ledger.db")
	if err != nil {
		return nil, err
	}
	accounts, err := ledgersqlite.OpenWith(ctx, path, ledgersqlite.Options{Synchronous: config.Gateway.Synchronous})
	if err != nil {
		return nil, fmt.Errorf("opening the ledger: %w", err)
	}
	return accounts, nil
}

// dataFile makes the data folder, which only its owner may read, and names a
// file in it.
func dataFile(config configs.Config, name string) (string, error) {
	data, err := DataFolder(config)
	if err != nil {
		return "", err
	}
	if err := os.MkdirAll(data, 0o700); err != nil {
		return "", fmt.Errorf("making the data folder: %w; choose another with --data", err)
	}
	return filepath.Join(data, name), nil
}

func (r *Runtime) openStorage(ctx context.Context) error {
	kept, err := OpenStore(ctx, r.options.Config)
	if err != nil {
		return err
	}
	r.store = kept
	r.onClose("store", kept.Close)
	accounts, err := OpenLedger(ctx, r.options.Config)
	if err != nil {
		return err
	}
	r.ledger = accounts
	r.onClose("ledger", accounts.Close)
	return nil
}
