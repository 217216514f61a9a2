package sqlquerytest

// commonAnalytics are admitted and run by all three.
func commonAnalytics() []string {
	return []string{
		`SELECT * FROM orders`, `select id, amount from orders where amount > 5 order by amount desc limit 3;`,
		`SELECT c.name, COUNT(*) AS n, SUM(o.amount) AS total FROM orders o JOIN clients c ON c.id = o.client_id GROUP BY c.name HAVING COUNT(*) > 1 ORDER BY total DESC`,
		`SELECT c.name FROM clients c LEFT JOIN orders o ON o.client_id = c.id AND (o.amount > 50 OR o.amount IS NULL) WHERE o.id IS NULL`,
		`WITH big AS (SELECT * FROM orders WHERE amount >= 10), n AS (SELECT COUNT(*) AS k FROM big) SELECT big.id, n.k FROM big CROSS JOIN n`,
		`WITH t(client, total) AS (SELECT client_id, SUM(amount) FROM orders GROUP BY client_id) SELECT * FROM t ORDER BY client`,
		`SELECT id, ROW_NUMBER() OVER (PARTITION BY client_id ORDER BY placed) AS k, SUM(amount) OVER (ORDER BY id ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS running FROM orders`,
		`SELECT id, LAG(amount, 1) OVER (ORDER BY id) AS before_it FROM orders`,
		`SELECT CASE WHEN amount > 50 THEN 'large' WHEN amount > 8 THEN 'middle' ELSE 'small' END AS size, COUNT(*) FROM orders GROUP BY 1`,
		`SELECT COALESCE(region, 'none') AS area, COUNT(DISTINCT id) FROM clients GROUP BY area`,
		`SELECT UPPER(name), LENGTH(name), SUBSTR(name, 1, 2), REPLACE(name, 'a', 'b') FROM clients WHERE name LIKE 'A%' OR name IN ('Baker', 'Cole, Ltd')`,
		`SELECT id FROM orders WHERE amount = (SELECT MAX(amount) FROM orders) UNION ALL SELECT id FROM clients WHERE NOT EXISTS (SELECT 1 FROM orders WHERE client_id = clients.id)`,
		`SELECT AVG(amount), MIN(placed), MAX(placed), ROUND(AVG(amount), 2), CAST(AVG(amount) AS decimal(10,1)) FROM orders WHERE placed BETWEEN '2024-01-01' AND '2024-12-31'`,
		`SELECT 'it''s; DROP TABLE orders' AS "quoted", -1 + 2 * (3 - 4) AS n, NULLIF(1, 1) AS empty_one`,
	}
}

// PostgresAnalytics are plain analytics in PostgreSQL's SQL.
func PostgresAnalytics() []string {
	return append(commonAnalytics(), []string{
		`SELECT date_trunc('month', placed) AS month, sum(amount) FROM orders GROUP BY 1 ORDER BY 1`, `SELECT extract(year FROM placed) AS y, count(*) FROM orders GROUP BY y`,
		`SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY amount) AS median, percentile_disc(ARRAY[0.25, 0.75]) WITHIN GROUP (ORDER BY amount) FROM orders`,
		`SELECT mode() WITHIN GROUP (ORDER BY client_id), stddev_samp(amount), corr(id, amount), regr_slope(amount, id) FROM orders`,
		`SELECT amount::int, amount::numeric(12, 3), placed::text, '2024-01-01'::date, CAST(id AS bigint), id::float8 / 3 FROM orders`,
		`SELECT '{"a": {"b": 1}}'::jsonb -> 'a' ->> 'b' AS b, '{"a": 1}'::jsonb #>> '{a}', '[1, 2]'::jsonb @> '[1]'`,
		`SELECT e.value FROM jsonb_array_elements('[1, 2]'::jsonb) AS e(value)`, `SELECT key, value FROM jsonb_each('{"a": 1}') ORDER BY key`,
		`SELECT count(*) FILTER (WHERE amount > 10) AS large, count(*) FROM orders`, `SELECT region, grouping(region), count(*) FROM clients GROUP BY ROLLUP (region)`, `SELECT region, name, count(*) FROM clients GROUP BY GROUPING SETS ((region), (name), ())`,
		`SELECT DISTINCT ON (client_id) client_id, placed FROM orders ORDER BY client_id, placed DESC NULLS LAST`, `SELECT o.* FROM clients c, LATERAL (SELECT * FROM orders WHERE client_id = c.id ORDER BY amount DESC LIMIT 1) o`,
		`SELECT string_agg(name, ', ' ORDER BY name), array_agg(id ORDER BY id) FROM clients`, `SELECT unnest(ARRAY[1, 2, 3]) AS n`, `SELECT (ARRAY[1, 2, 3])[2], id = ANY (ARRAY[1, 2]) FROM orders`,
		`SELECT name ILIKE 'a%', name ~ '^A', lower(name) || '!', trim(both ' ' FROM name), position('a' IN name), substring(name FROM 1 FOR 2) FROM clients`,
		`SELECT placed + interval '1 month', age(placed, '2023-01-01'), to_char(placed, 'YYYY-MM'), placed AT TIME ZONE 'UTC' FROM orders`, `SELECT now() > current_date, current_timestamp IS NOT NULL`,
		`SELECT amount, ntile(4) OVER w, cume_dist() OVER w, first_value(amount) OVER (w ROWS BETWEEN 1 PRECEDING AND 1 FOLLOWING) FROM orders WINDOW w AS (ORDER BY amount)`,
		`VALUES (1, 'a'), (2, 'b')`, `TABLE clients`, `SELECT 1 -- a comment`, `SELECT /* a comment; with DELETE */ 1`, `SELECT $$dollar; quoted$$ AS t, E'tab\t' AS e, U&'\0061' AS u`,
		`SELECT id FROM orders EXCEPT SELECT id FROM clients ORDER BY id FETCH FIRST 2 ROWS ONLY`, `SELECT width_bucket(amount, 0, 100, 4), greatest(amount, 10), least(amount, 10), abs(-1), power(2, 3), ln(10) FROM orders`,
		`SELECT o."id", "c"."name" FROM public.orders AS o JOIN public.clients c USING (id)`, `WITH a AS MATERIALIZED (SELECT 1 AS x) SELECT x FROM a WHERE x IS DISTINCT FROM 2 AND x BETWEEN SYMMETRIC 2 AND 0`,
		`SELECT num_nulls(region), regexp_replace(name, 'a', 'b'), split_part(name, ',', 1) COLLATE "C" FROM clients`, `SELECT (SELECT count(*) FROM orders)::numeric / 3, row_to_json(c) FROM clients c`,
	}...)
}

// SQLiteAnalytics are plain analytics in SQLite's SQL.
func SQLiteAnalytics() []string {
	return append(commonAnalytics(), []string{
		`SELECT strftime('%Y-%m', placed) AS month, sum(amount) FROM orders GROUP BY month ORDER BY month`, `SELECT json_extract('{"a": 1}', '$.a'), '{"a": 1}' ->> 'a'`,
		`SELECT count(*) FILTER (WHERE amount > 10), total(amount), group_concat(id, '; ') FROM orders`, `SELECT julianday('2024-02-01') - julianday('2024-01-01'), date('2024-01-31', '+1 month')`,
		`SELECT name COLLATE NOCASE, iif(region IS NULL, 1, 0), name || '!' FROM clients ORDER BY name COLLATE NOCASE`, `SELECT "id", [name] FROM clients WHERE id NOT IN (1, 2) OR (id = 1)`, `SELECT value FROM json_each('[1, 2]')`,
	}...)
}

// MySQLAnalytics are plain analytics in MySQL's SQL.
func MySQLAnalytics() []string {
	return append(commonAnalytics(), []string{
		`SELECT YEAR(placed) AS y, MONTH(placed) AS m, SUM(amount) FROM orders GROUP BY y, m ORDER BY y, m`, `SELECT DATE_FORMAT(placed, '%Y-%m') AS month, COUNT(*) FROM orders GROUP BY month`,
		"SELECT `id`, IF(amount > 10, 'large', 'small') FROM `orders` WHERE placed >= DATE_SUB('2025-04-01', INTERVAL 2 MONTH)", `SELECT GROUP_CONCAT(name ORDER BY name SEPARATOR '; ') FROM clients`,
		`SELECT region, COUNT(*) FROM clients GROUP BY region WITH ROLLUP`, `SELECT STDDEV_SAMP(amount), GREATEST(1, 2), CONCAT(name, '!'), LEFT(name, 2) FROM orders JOIN clients USING (id) GROUP BY name`,
		`SELECT TIMESTAMPDIFF(DAY, MIN(placed), MAX(placed)), DATEDIFF(MAX(placed), MIN(placed)) FROM orders`, `SELECT JSON_UNQUOTE(JSON_EXTRACT('{"a": 1}', '$.a')), TRUNCATE(1.999, 1)`, `SELECT name FROM clients WHERE name REGEXP '^A' ORDER BY name LIMIT 2, 1`,
	}...)
}
