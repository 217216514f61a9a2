package database

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/go-sql-driver/mysql"

	"github.com/quaestor-run/quaestor/tools/sqlquery"
)

type mysqlServer struct {
	config *mysql.Config
	limits Limits
}

func openMySQL(address *url.URL, limits Limits) (*mysqlServer, error) {
	name := strings.TrimPrefix(address.Path, "/")
	if address.User == nil || name == "" || address.Host == "" && !address.Query().Has("socket") {
		return nil, errors.New("its URL is incomplete; mysql://user:password@host:port/name is wanted")
	}
	config := mysql.NewConfig()
	config.User, config.DBName = address.User.Username(), name
	config.Passwd, _ = address.User.Password()
	config.Net, config.Addr = "tcp", address.Host
	for key, values := range address.Query() {
		switch key {
		case "tls":
			config.TLSConfig = values[0]
		case "socket":
			config.Net, config.Addr = "unix", values[0]
		default:
			return nil, fmt.Errorf("its URL has the option %q; only tls and socket are known", key)
		}
	}
	if address.Host != "" && address.Port() == "" && config.Net == "tcp" {
		config.Addr += ":3306"
	}
	config.Timeout, config.ReadTimeout = limits.Time, limits.Time+limits.Lock
	config.MultiStatements, config.AllowAllFiles = false, false
	return &mysqlServer{config: config, limits: limits}, nil
}

func (*mysqlServer) dialect() sqlquery.Dialect { return sqlquery.MySQL }

func (m *mysqlServer) inTransaction(ctx context.Context, work func(context.Context, *sql.Tx) error) error {
	ctx, cancel := context.WithTimeout(ctx, m.limits.Time)
	defer cancel()
	connector, err := mysql.NewConnector(m.config)
	if err != nil {
		return errors.New("its URL cannot be used: a wrong tls option?")
	}
	db := sql.OpenDB(connector)
	defer db.Close()
	conn, err := db.Conn(ctx)
	if err != nil {
		return fmt.Errorf("connecting: %w", err)
	}
	defer conn.Close() //nolint:errcheck // what was read is read
	if err := m.settle(ctx, conn); err != nil {
		return err
	}
	return inTransaction(ctx, conn, work)
}

// settle fixes what a text means, bounds what a query may take, and refuses a
// user that may do more than read.
func (m *mysqlServer) settle(ctx context.Context, conn *sql.Conn) error {
	var version string
	if err := conn.QueryRowContext(ctx, "SELECT VERSION()").Scan(&version); err != nil {
		return fmt.Errorf("asking for the version: %w", err)
	}
	timeout := fmt.Sprintf("SET SESSION max_execution_time = %d", m.limits.Time.Milliseconds())
	if strings.Contains(strings.ToLower(version), "mariadb") {
		timeout = fmt.Sprintf("SET SESSION max_statement_time = %.3f", m.limits.Time.Seconds())
	}
	for _, statement := range []string{
		"SET SESSION sql_mode = 'STRICT_ALL_TABLES,ONLY_FULL_GROUP_BY'", "SET SESSION TRANSACTION READ ONLY", timeout,
		fmt.Sprintf("SET SESSION lock_wait_timeout = %d", max(1, int(m.limits.Lock.Seconds()))),
		fmt.Sprintf("SET SESSION innodb_lock_wait_timeout = %d", max(1, int(m.limits.Lock.Seconds()))),
		fmt.Sprintf("SET SESSION sql_select_limit = %d", m.limits.Rows+1), "SET SESSION time_zone = '+00:00'",
	} {
		if _, err := conn.ExecContext(ctx, statement); err != nil {
			return fmt.Errorf("preparing the session (%s): %w", statement, err)
		}
	}
	return refuseGrants(ctx, conn)
}

func refuseGrants(ctx context.Context, conn *sql.Conn) error {
	rows, err := conn.QueryContext(ctx, "SHOW GRANTS")
	if err != nil {
		return fmt.Errorf("looking at what the user may do: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var grant string
		if err := rows.Scan(&grant); err != nil {
			return fmt.Errorf("looking at what the user may do: %w", err)
		}
		if !readsOnly(grant) {
			return errors.New("the user may do more than read; give the URL of one that has SELECT (and SHOW VIEW) and nothing else, not by a role")
		}
	}
	return rows.Err()
}

// readsOnly reads one line of SHOW GRANTS.
func readsOnly(grant string) bool {
	list, ok := strings.CutPrefix(grant, "GRANT ")
	list, _, found := strings.Cut(list, " ON ")
	if !ok || !found || strings.Contains(grant, "WITH GRANT OPTION") {
		return false
	}
	depth := 0
	privileges := strings.FieldsFunc(list, func(r rune) bool { // not at commas between columns
		switch r {
		case '(':
			depth++
		case ')':
			depth--
		}
		return r == ',' && depth == 0
	})
	for _, privilege := range privileges {
		name, _, _ := strings.Cut(privilege, "(")
		switch strings.TrimSpace(name) {
		case "USAGE", "SELECT", "SHOW VIEW":
		default:
			return false
		}
	}
	return true
}

func (m *mysqlServer) run(ctx context.Context, statement sqlquery.Statement) (table, error) {
	var found table
	err := m.inTransaction(ctx, func(ctx context.Context, tx *sql.Tx) (err error) {
		found, err = readRows(ctx, tx, statement, m.limits)
		return err
	})
	var answer *mysql.MySQLError
	switch {
	case err != nil && ctx.Err() == nil && errors.Is(err, context.DeadlineExceeded):
		return table{}, tooSlow(m.limits.Time)
	case errors.As(err, &answer) && (answer.Number == 3024 || answer.Number == 1969): // MySQL's and MariaDB's end of time
		return table{}, tooSlow(m.limits.Time)
	case errors.As(err, &answer) && (answer.SQLState[0] == '4' || answer.SQLState[0] == '2' && answer.SQLState[1] != '8'):
		return table{}, unfit("MySQL says: %s", answer.Message)
	}
	return found, err
}

func (m *mysqlServer) schema(ctx context.Context, tables []string) (sqlquery.Schema, error) {
	var columns []columnRow
	err := m.inTransaction(ctx, func(ctx context.Context, tx *sql.Tx) error {
		rows, err := tx.QueryContext(ctx, `SELECT t.table_name, t.table_comment, COALESCE(t.table_rows, -1), c.column_name, c.column_type, c.column_comment
FROM information_schema.tables t JOIN information_schema.columns c ON c.table_schema = t.table_schema AND c.table_name = t.table_name
WHERE t.table_schema = DATABASE() ORDER BY t.table_name, c.ordinal_position LIMIT 50000`)
		if err != nil {
			return err
		}
		columns, err = collectColumns(rows, tables)
		return err
	})
	return layOut(columns), err
}
