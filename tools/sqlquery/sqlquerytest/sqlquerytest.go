// Package sqlquerytest has queries that a guard must refuse, and plain analytics
// that it must admit. The analytics fit the tables of [Schema].
package sqlquerytest

// Schema makes and fills the tables that the queries name, in SQL that
// PostgreSQL, MySQL and SQLite read alike, statement by statement.
func Schema() []string {
	return []string{
		`CREATE TABLE clients (id integer PRIMARY KEY, name varchar(40) NOT NULL, region varchar(20))`,
		`CREATE TABLE orders (id integer PRIMARY KEY, client_id integer NOT NULL, placed date NOT NULL, amount decimal(10,2), note varchar(200))`,
		`INSERT INTO clients VALUES (1, 'Abel', 'north'), (2, 'Baker', 'south'), (3, 'Cole, Ltd', NULL)`,
		`INSERT INTO orders VALUES (1, 1, '2024-01-15', 10.50, 'first'), (2, 1, '2024-02-20', 20.00, ''), (3, 2, '2024-02-25', 5.25, NULL), (4, 2, '2025-03-01', 100.00, 'say "hi"'), (5, 3, '2025-03-02', NULL, 'x')`,
	}
}

// PostgresAttacks write, lock, wait, fill memory, read what is not data, or hide
// one of these.
func PostgresAttacks() []string {
	return append(commonAttacks(), []string{
		// writes in disguise
		`WITH x AS (DELETE FROM orders RETURNING *) SELECT * FROM x`,
		`WITH x AS (INSERT INTO orders VALUES (9, 9, now(), 9, '') RETURNING id) SELECT * FROM x`,
		`WITH x AS (UPDATE orders SET amount = 0 RETURNING id) SELECT count(*) FROM x`,
		`WITH x AS (MERGE INTO orders o USING clients c ON o.id = c.id WHEN MATCHED THEN DELETE RETURNING 1) SELECT * FROM x`,
		`SELECT * FROM (WITH y AS (DELETE FROM orders RETURNING 1) SELECT * FROM y) z`,
		`SELECT * INTO copied FROM orders`, `SELECT 1 AS a INTO TEMP copied`, `CREATE TABLE copied AS SELECT 1`,
		`EXPLAIN ANALYZE DELETE FROM orders`, `EXPLAIN SELECT 1`, `EXPLAIN (ANALYZE) INSERT INTO orders SELECT * FROM orders`,
		`PREPARE p AS DELETE FROM orders`, `EXECUTE p`, `DECLARE c CURSOR FOR SELECT 1`, `REFRESH MATERIALIZED VIEW v`,
		`SELECT nextval('s')`, `SELECT setval('s', 1)`, `SELECT lo_import('/etc/passwd')`, `SELECT lo_unlink(1)`, `SELECT lo_from_bytea(0, 'x')`,
		// several statements
		`SELECT 1; DELETE FROM orders`, `SELECT 1; SELECT 2`, `SELECT 1;;SELECT 2`, `SELECT 1 /* ; */; DROP TABLE orders --`,
		"SELECT 1\x00; DROP TABLE orders", `SELECT 'a'';'; DROP TABLE orders`, `SELECT $$a$$; DROP TABLE orders`, `SELECT E'\''; DROP TABLE orders --'`,
		`COMMIT; DROP TABLE orders`, `SELECT 1; COMMIT; DROP TABLE orders`,
		// files, programs, the network
		`COPY orders TO '/tmp/x'`, `COPY orders TO PROGRAM 'sh'`, `COPY (SELECT 1) TO STDOUT`, `COPY orders FROM PROGRAM 'curl x'`,
		`SELECT pg_read_file('/etc/passwd')`, `SELECT pg_read_binary_file('x')`, `SELECT pg_ls_dir('.')`, `SELECT * FROM pg_ls_dir('.') AS f`, `SELECT pg_stat_file('x')`,
		`SELECT * FROM dblink('host=x', 'DELETE FROM orders') AS t(a int)`, `SELECT dblink_exec('x', 'y')`, `SELECT dblink_connect('x')`,
		`SELECT query_to_xml('DELETE FROM orders', true, true, '')`, `SELECT table_to_xml('orders', true, true, '')`, `SELECT database_to_xml(true, true, '')`,
		`SELECT cursor_to_xml('c', 1, true, true, '')`, `SELECT xmlparse(document '<a/>')`, `SELECT ts_stat('SELECT 1')`, `SELECT * FROM ts_stat('DELETE FROM orders')`,
		// waiting and locking
		`SELECT pg_sleep(10)`, `SELECT pg_catalog.pg_sleep(10)`, `SELECT "pg_sleep"(10)`, `SELECT pg_catalog."pg_sleep"(10)`, `SELECT PG_SLEEP(10)`,
		`SELECT U&"\0070g_sleep"(10)`, `SELECT U&"pg!005fsleep" UESCAPE '!' (10)`, `SELECT pg_sleep/**/(10)`, "SELECT pg_sleep--\n(10)", `SELECT/**/pg_sleep_for('1 s')`,
		`SELECT 1 ORDER BY pg_sleep(1)`, `SELECT 1 LIMIT (SELECT 1 FROM (SELECT pg_sleep(1)) x)`, `SELECT 1 OFFSET length(pg_sleep(1)::text)`,
		`SELECT CASE WHEN true THEN pg_sleep(1)::text END`, `SELECT count(*) FILTER (WHERE pg_sleep(1) IS NULL) FROM orders`,
		`SELECT sum(amount) OVER (ORDER BY pg_sleep(1)) FROM orders`, `SELECT 1 FROM orders GROUP BY pg_sleep(1)`, `SELECT 1 FROM orders HAVING pg_sleep(1) IS NULL`,
		`SELECT * FROM orders o JOIN clients c ON pg_sleep(1) IS NULL`, `SELECT * FROM orders, LATERAL pg_sleep(1)`, `SELECT * FROM ROWS FROM (pg_sleep(1)) x`,
		`SELECT ARRAY[pg_sleep(1)]`, `SELECT ROW(pg_sleep(1))`, `SELECT (pg_sleep(1))::text`, `SELECT coalesce(pg_sleep(1)::text, '')`, `VALUES (pg_sleep(1))`, `SELECT 1 IN (SELECT 2 WHERE pg_sleep(1) IS NULL)`,
		`SELECT DISTINCT ON (pg_sleep(1)) 1`, `SELECT 1 WINDOW w AS (ORDER BY pg_sleep(1))`, `SELECT greatest(1, length(pg_sleep(1)::text))`, `SELECT 1 UNION SELECT length(pg_sleep(1)::text)`,
		`SELECT * FROM orders FOR UPDATE`, `SELECT * FROM orders FOR SHARE`, `SELECT * FROM orders FOR NO KEY UPDATE SKIP LOCKED`, `SELECT * FROM (SELECT * FROM orders FOR KEY SHARE) x`,
		`WITH x AS (SELECT * FROM orders FOR UPDATE) SELECT * FROM x`, `LOCK TABLE orders`,
		`SELECT pg_advisory_lock(1)`, `SELECT pg_try_advisory_xact_lock(1)`, `SELECT pg_advisory_xact_lock_shared(1)`,
		// filling memory
		`SELECT * FROM generate_series(1, 1000000000)`, `SELECT generate_series(1, 1000000000)`, `SELECT repeat('x', 1000000000)`, `SELECT lpad('x', 1000000000)`, `SELECT 'x'::char(10000000)`,
		`WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM r) SELECT * FROM r`, `SELECT format('%1000000000s', 'x')`, `SELECT array_fill(1, ARRAY[100000000])`,
		// settings, sessions, the server's own tables
		`SELECT set_config('transaction_read_only', 'off', false)`, `SELECT current_setting('data_directory')`, `SET ROLE postgres`, `RESET ALL`, `SHOW data_directory`,
		`SELECT pg_terminate_backend(1)`, `SELECT pg_cancel_backend(1)`, `SELECT pg_reload_conf()`, `SELECT pg_switch_wal()`, `SELECT pg_notify('a', 'b')`, `NOTIFY a`, `LISTEN a`,
		`SELECT * FROM pg_shadow`, `SELECT * FROM pg_catalog.pg_authid`, `SELECT * FROM "pg_authid"`, `SELECT * FROM pg_stat_activity`, `SELECT * FROM information_schema.tables`, `TABLE pg_user`,
		`SELECT current_user`, `SELECT session_user`, `SELECT inet_server_addr()`, `SELECT version()`, `SELECT pg_export_snapshot()`, `SELECT txid_current()`,
		`SELECT 'pg_authid'::regclass`, `SELECT has_table_privilege('orders', 'x')`, `SELECT 'orders'::regclass::oid`,
		// other statements and odd ways to call
		`DO $$ BEGIN DELETE FROM orders; END $$`, `CALL p()`, `VACUUM`, `ANALYZE orders`, `CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'`, `LOAD 'x'`,
		`SELECT public.lower('X')`, `SELECT other.sum(1)`, `SELECT 1 OPERATOR(public.+) 1`, `SELECT 1 OPERATOR(pg_catalog.+) 1`, `SELECT f(VARIADIC ARRAY[1])`, `SELECT lower(a => 'X')`,
		`SELECT $1`, `SELECT :x`, `SELECT random()`, `SELECT "lower "('X')`, `SELECT "LOWER"('X')`, `SELECT * FROM orders TABLESAMPLE system(1)`,
		`SELECT 1 ORDER BY 1 USING OPERATOR(pg_catalog.<)`, `SELECT 'x'::public.mine`, `SELECT 1 --` + "\n" + `; DELETE FROM orders`, `/* SELECT */ DELETE FROM orders`, `SELECT /* /* */ 1; DELETE FROM orders -- */`,
	}...)
}

func commonAttacks() []string {
	return []string{
		``, ` `, `;`, `SELECT`, `DELETE FROM orders`, `INSERT INTO orders VALUES (1)`, `UPDATE orders SET amount = 0`, `DROP TABLE orders`, `TRUNCATE orders`,
		`ALTER TABLE orders ADD x int`, `CREATE TABLE x (y int)`, `CREATE INDEX i ON orders (id)`, `GRANT ALL ON orders TO public`, `BEGIN`, `COMMIT`, `ROLLBACK`,
		`SELECT evil(1)`, `SELECT * FROM orders WHERE evil(id) = 1`, `SELECT "evil"(1)`, `SELECT main.evil(1)`, "SELECT 1\x01",
		`SELECT * FROM orders; DELETE FROM orders`, `SELECT (((1)`, `SELECT 'open`, `(DELETE FROM orders)`,
	}
}

// SQLiteAttacks are the same for SQLite.
func SQLiteAttacks() []string {
	return append(commonAttacks(), []string{
		`ATTACH 'x' AS y`, `PRAGMA query_only = 0`, `PRAGMA writable_schema = 1`, `VACUUM INTO 'x'`, `SELECT load_extension('x')`, `SELECT "load_extension"('x')`, `SELECT load_extension ('x')`,
		`SELECT * FROM sqlite_master`, `SELECT * FROM "sqlite_schema"`, `SELECT * FROM [sqlite_master]`, `SELECT * FROM 'sqlite_master'`, `SELECT * FROM pragma_table_info('orders')`, `SELECT * FROM pragma_database_list`,
		`SELECT randomblob(1000000000)`, `SELECT zeroblob(1000000000)`, `SELECT printf('%.*c', 1000000000, 'x')`, `SELECT hex(x) FROM y`, `SELECT writefile('x', 'y')`, `SELECT readfile('x')`, `SELECT fts3_tokenizer('x')`,
		`WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r) SELECT * FROM r`, `REPLACE INTO orders VALUES (1)`, `EXPLAIN SELECT 1`,
		`SELECT 1 -- x`, `SELECT 1 /* x */`, `SELECT ?`, `SELECT :a`, `SELECT @a`, `SELECT $a`, `WITH x AS (SELECT 1) DELETE FROM orders`, `WITH x AS (SELECT 1) INSERT INTO orders SELECT * FROM x`,
		`WITH evil(a) AS (SELECT 1) SELECT evil(1)`, `SELECT * FROM generate_series(1, 10)`, `SELECT 1 AS lower, evil (1)`, "SELECT `evil`(1)", `SELECT [evil](1)`, `SELECT * FROM dbstat`,
	}...)
}

// MySQLAttacks are the same for MySQL.
func MySQLAttacks() []string {
	return append(commonAttacks(), []string{
		`SELECT * FROM orders INTO OUTFILE '/tmp/x'`, `SELECT 1 INTO DUMPFILE '/tmp/x'`, `SELECT 1 INTO @x`, `SELECT @x := 1`, `SELECT @@datadir`, `SELECT LOAD_FILE('/etc/passwd')`, `LOAD DATA INFILE 'x' INTO TABLE orders`,
		`SELECT SLEEP(10)`, `SELECT sleep (10)`, `SELECT BENCHMARK(1000000000, MD5('x'))`, `SELECT GET_LOCK('x', 10)`, `SELECT RELEASE_ALL_LOCKS()`, `SELECT UPDATEXML('a', 'b', 'c')`, `SELECT EXTRACTVALUE('a', 'b')`,
		`SELECT /*!50000 SLEEP(10) */ 1`, `SELECT /*! 1 INTO OUTFILE '/tmp/x' */`, `SELECT 1 # x`, `SELECT 1 -- x`, `SELECT 1--1`, `SELECT '\'' , SLEEP(1) , '`, `SELECT "\" , SLEEP(1), "`,
		`SELECT * FROM orders FOR UPDATE`, `SELECT * FROM orders LOCK IN SHARE MODE`, `SELECT * FROM orders PROCEDURE ANALYSE()`, `HANDLER orders OPEN`, `CALL p()`, `DO SLEEP(1)`, `SHOW GRANTS`, `SET GLOBAL x = 1`,
		`SELECT * FROM mysql.user`, "SELECT * FROM `mysql`.`user`", `SELECT * FROM information_schema.tables`, `SELECT * FROM performance_schema.threads`, `SELECT * FROM sys.version`,
		`SELECT NEXT VALUE FOR s`, `SELECT NEXTVAL(s)`, `SELECT LASTVAL(s)`, `SELECT SETVAL(s, 1)`, `SELECT REPEAT('x', 1000000000)`, `SELECT LPAD('x', 1000000000, 'y')`, `SELECT SPACE(1000000000)`, `SELECT 1 AS x, shop.evil(1)`,
		"SELECT `evil`(1)", `SELECT count (*) FROM orders`, `WITH x AS (SELECT 1) UPDATE orders SET amount = 0`, `WITH x AS (SELECT 1) DELETE FROM orders`, `WITH RECURSIVE r AS (SELECT 1 UNION ALL SELECT * FROM r) SELECT * FROM r`,
		`TABLE orders`, `VALUES ROW(1)`, `EXPLAIN SELECT 1`, `KILL 1`, `SELECT ?`, `SELECT * FROM orders WHERE note = 'a' 'b\'`, "SELECT 1 \u00a0", `SELECT UUID_SHORT()`, `SELECT MASTER_POS_WAIT('x', 1)`, `SELECT LAST_INSERT_ID(5)`,
	}...)
}
