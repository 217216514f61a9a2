package sqlquery

import "strings"

// What a field of a parse tree holds: a value, a node, a list of nodes, or a
// message of the kind named.
const (
	scalar = "scalar"
	node   = "node"
	nodes  = "nodes"
)

// grammar lists the nodes of PostgreSQL's parse tree that a query may have, and
// their fields. What is not here is refused: intoClause and lockingClause of
// SELECT, recursion of WITH, every other statement.
func grammar() map[string]map[string]string {
	alias := "Alias"
	return map[string]map[string]string{
		"SelectStmt": {
			"distinctClause": nodes, "targetList": nodes, "fromClause": nodes, "whereClause": node,
			"groupClause": nodes, "groupDistinct": scalar, "havingClause": node, "windowClause": nodes,
			"valuesLists": nodes, "sortClause": nodes, "limitOffset": node, "limitCount": node,
			"limitOption": scalar, "withClause": "WithClause", "op": scalar, "all": scalar,
			"larg": "SelectStmt", "rarg": "SelectStmt",
		},
		"WithClause":      {"ctes": nodes, "location": scalar},
		"CommonTableExpr": {"ctename": scalar, "aliascolnames": nodes, "ctematerialized": scalar, "ctequery": node, "location": scalar},
		"ResTarget":       {"name": scalar, "val": node, "location": scalar},
		"ColumnRef":       {"fields": nodes, "location": scalar},
		"A_Star":          {},
		"String":          {"sval": scalar},
		"A_Const":         {"ival": "Integer", "fval": "Float", "sval": "String", "boolval": "Boolean", "isnull": scalar, "location": scalar},
		"Integer":         {"ival": scalar},
		"Float":           {"fval": scalar},
		"Boolean":         {"boolval": scalar},
		"A_Expr":          {"kind": scalar, "name": nodes, "lexpr": node, "rexpr": node, "location": scalar},
		"BoolExpr":        {"boolop": scalar, "args": nodes, "location": scalar},
		"NullTest":        {"arg": node, "nulltesttype": scalar, "location": scalar},
		"BooleanTest":     {"arg": node, "booltesttype": scalar, "location": scalar},
		"CaseExpr":        {"arg": node, "args": nodes, "defresult": node, "location": scalar},
		"CaseWhen":        {"expr": node, "result": node, "location": scalar},
		"CoalesceExpr":    {"args": nodes, "location": scalar},
		"MinMaxExpr":      {"op": scalar, "args": nodes, "location": scalar},
		"FuncCall": {
			"funcname": nodes, "args": nodes, "agg_order": nodes, "agg_filter": node, "over": "WindowDef",
			"agg_within_group": scalar, "agg_star": scalar, "agg_distinct": scalar, "funcformat": scalar, "location": scalar,
		},
		"WindowDef": {
			"name": scalar, "refname": scalar, "partitionClause": nodes, "orderClause": nodes,
			"frameOptions": scalar, "startOffset": node, "endOffset": node, "location": scalar,
		},
		"SortBy":           {"node": node, "sortby_dir": scalar, "sortby_nulls": scalar, "location": scalar},
		"JoinExpr":         {"jointype": scalar, "isNatural": scalar, "larg": node, "rarg": node, "usingClause": nodes, "join_using_alias": alias, "quals": node, "alias": alias},
		"RangeVar":         {"schemaname": scalar, "relname": scalar, "inh": scalar, "relpersistence": scalar, "alias": alias, "location": scalar},
		"RangeSubselect":   {"lateral": scalar, "subquery": node, "alias": alias},
		"RangeFunction":    {"lateral": scalar, "ordinality": scalar, "functions": nodes, "alias": alias},
		"Alias":            {"aliasname": scalar, "colnames": nodes},
		"List":             {"items": nodes},
		"SubLink":          {"subLinkType": scalar, "testexpr": node, "operName": nodes, "subselect": node, "location": scalar},
		"TypeCast":         {"arg": node, "typeName": "TypeName", "location": scalar},
		"TypeName":         {"names": nodes, "typmods": nodes, "typemod": scalar, "arrayBounds": nodes, "location": scalar},
		"A_ArrayExpr":      {"elements": nodes, "location": scalar},
		"RowExpr":          {"args": nodes, "row_format": scalar, "location": scalar},
		"GroupingSet":      {"kind": scalar, "content": nodes, "location": scalar},
		"GroupingFunc":     {"args": nodes, "location": scalar},
		"SQLValueFunction": {"op": scalar, "typmod": scalar, "location": scalar},
		"A_Indirection":    {"arg": node, "indirection": nodes},
		"A_Indices":        {"is_slice": scalar, "lidx": node, "uidx": node},
		"CollateClause":    {"arg": node, "collname": nodes, "location": scalar},
	}
}

// postgresFunctions read and compute, nothing else. What makes much of little
// (repeat, lpad, generate_series, format) is not among them.
func postgresFunctions() map[string]bool {
	return set(`
		count sum avg min max bool_and bool_or every string_agg array_agg json_agg jsonb_agg json_object_agg jsonb_object_agg
		stddev stddev_pop stddev_samp variance var_pop var_samp corr covar_pop covar_samp regr_avgx regr_avgy regr_count
		regr_intercept regr_r2 regr_slope regr_sxx regr_sxy regr_syy percentile_cont percentile_disc mode any_value bit_and bit_or
		row_number rank dense_rank percent_rank cume_dist ntile lag lead first_value last_value nth_value
		abs ceil ceiling floor round trunc sign sqrt cbrt exp ln log log10 power pow mod div gcd lcm degrees radians pi
		sin cos tan asin acos atan atan2 width_bucket
		length char_length character_length octet_length lower upper initcap trim btrim ltrim rtrim left right substr substring
		position strpos replace translate reverse split_part concat concat_ws starts_with ascii chr md5 overlay like_escape
		similar_to_escape regexp_replace regexp_match regexp_count regexp_like regexp_substr string_to_array array_to_string
		date_trunc date_part extract age make_date make_time make_timestamp make_interval to_char to_date to_timestamp to_number
		justify_days justify_hours justify_interval date_bin timezone now isfinite
		array_length cardinality array_position array_positions array_remove array_upper array_lower unnest
		json_extract_path json_extract_path_text jsonb_extract_path jsonb_extract_path_text json_array_length jsonb_array_length
		json_array_elements jsonb_array_elements json_array_elements_text jsonb_array_elements_text json_each jsonb_each
		json_each_text jsonb_each_text json_object_keys jsonb_object_keys json_typeof jsonb_typeof json_build_object
		jsonb_build_object json_build_array jsonb_build_array to_json to_jsonb row_to_json
		num_nulls num_nonnulls`)
}

func postgresTypes() map[string]bool {
	return set(`int2 int4 int8 smallint integer bigint numeric decimal float4 float8 real text varchar bpchar bool boolean
		date time timetz timestamp timestamptz interval json jsonb uuid`)
}

func postgresOperators() map[string]bool {
	return set(`+ - * / % ^ = <> != < <= > >= || ~~ !~~ ~~* !~~* ~ ~* !~ !~* -> ->> #> #>> @> <@ ? ?| ?& && | & # << >> @ |/ ||/
		BETWEEN BETWEEN\ SYMMETRIC NOT\ BETWEEN NOT\ BETWEEN\ SYMMETRIC`)
}

// set makes a set of words; a backslash before a space keeps it.
func set(words string) map[string]bool {
	out := map[string]bool{}
	for _, name := range strings.Fields(strings.ReplaceAll(words, `\ `, "\x00")) {
		out[strings.ReplaceAll(name, "\x00", " ")] = true
	}
	return out
}
