package sqlquery

import "strings"

// checkTokens is the guard of MySQL and SQLite. It does not know their grammar;
// it admits a text only if whatever the grammar makes of it can do no harm: it
// begins with SELECT or WITH, holds no word that begins or turns into anything
// but reading, calls no function outside the list, and names no table of the
// server itself.
func (s Statement) checkTokens(tokens []token) (Statement, error) {
	if !tokens[0].is("select", "with") {
		return Statement{}, refused("only SELECT (or WITH … SELECT) is allowed")
	}
	forbidden, functions, keywords := forbiddenWords(s.dialect), tokenFunctions(s.dialect), bracketWords()
	depth := 0
	for i, t := range tokens {
		switch {
		case t.text == "(" && t.kind == sign:
			depth++
			if err := s.call(tokens, i, functions, keywords); err != nil {
				return Statement{}, err
			}
		case t.text == ")" && t.kind == sign:
			depth--
		case forbidden[keyword(t)] && !follows(tokens, i, "."):
			if called := i+1 < len(tokens) && tokens[i+1].text == "("; !called || !functions[keyword(t)] {
				return Statement{}, refused("%s is not allowed: it only reads, without locks, variables or recursion; a column of that name must be quoted", strings.ToUpper(t.text))
			}
		case t.is("order") && depth == 0:
			s.ordered = true
		}
		if depth < 0 {
			return Statement{}, refused("a bracket is closed that was not opened")
		}
		if serverName(s.dialect, t) {
			return Statement{}, refused("%s belongs to the server itself; only the tables of the schema may be read", t.text)
		}
	}
	if depth != 0 {
		return Statement{}, refused("a bracket is not closed")
	}
	return s, nil
}

// call looks at what stands before an opening bracket: if it may be a
// function's name, it must be an allowed one.
func (s Statement) call(tokens []token, at int, functions, keywords map[string]bool) error {
	if at == 0 {
		return nil
	}
	before := tokens[at-1]
	name := strings.ToLower(before.text)
	switch {
	case before.kind == sign && before.text != ")" && before.text != "]":
		return nil
	case before.kind == word && keywords[name] && !follows(tokens, at-1, "."):
		return nil
	case before.kind == word && functions[name] && !follows(tokens, at-1, "."):
		// With a space MySQL takes the name for a function of the schema.
		if tokens[at].space && s.dialect == MySQL {
			return refused("put no space between %s and its bracket", before.text)
		}
		return nil
	case columnList(tokens, at):
		return nil
	}
	return refused("the function %s is not on the list of allowed functions", before.text)
}

// keyword is an unquoted word in lower case, or nothing.
func keyword(t token) string {
	if t.kind != word {
		return ""
	}
	return strings.ToLower(t.text)
}

// follows says that the token at i stands after a sign.
func follows(tokens []token, i int, want string) bool {
	return i > 0 && tokens[i-1].kind == sign && tokens[i-1].text == want
}

// columnList says that the bracket holds the column names of a CTE: after it
// stands AS and another bracket, which no call is followed by.
func columnList(tokens []token, at int) bool {
	if at < 2 || !tokens[at-2].is("with") && tokens[at-2].text != "," {
		return false
	}
	for i := at + 1; i < len(tokens); i++ {
		t := tokens[i]
		if t.kind == sign && t.text == ")" {
			return i+2 < len(tokens) && tokens[i+1].is("as") && tokens[i+2].text == "("
		}
		if t.kind != word && t.kind != quoted && t.text != "," {
			return false
		}
	}
	return false
}

// serverName says that a name is of the server's own tables. Names in quotes of
// any kind count: both servers take some strings for names.
func serverName(dialect Dialect, t token) bool {
	if t.kind == number || t.kind == sign {
		return false
	}
	name := strings.ToLower(strings.TrimSpace(t.text))
	if dialect == MySQL {
		return set("mysql information_schema performance_schema sys")[name]
	}
	return strings.HasPrefix(name, "sqlite_") || strings.HasPrefix(name, "pragma_") ||
		set("dbstat bytecode tables_used completion generate_series fsdir zipfile csv readfile writefile load_extension")[name]
}

// bracketWords are keywords that an opening bracket may follow.
func bracketWords() map[string]bool {
	return set(`select distinct all from join on using where and or not in exists any some having by when then else case between like
		over as filter partition union intersect except limit offset values is interval order with materialized escape regexp rlike
		div mod xor collate cross inner left`)
}

func forbiddenWords(dialect Dialect) map[string]bool {
	words := set(`into for lock update insert delete replace merge upsert set call do handler load explain describe analyze create drop
		alter truncate rename grant revoke begin start commit rollback savepoint release prepare execute deallocate outfile dumpfile
		procedure declare recursive attach detach pragma vacuum reindex use kill flush reset shutdown install uninstall optimize
		repair checksum backup restore import unlock xa returning`)
	if dialect == SQLite {
		for name := range set("match glob regexp raise indexed") {
			words[name] = name != "glob"
		}
	} else {
		for name := range set("match against next previous sql_buffer_result sql_no_cache table row") {
			words[name] = name != "row"
		}
	}
	return words
}

func tokenFunctions(dialect Dialect) map[string]bool {
	functions := set(`count sum avg min max total group_concat row_number rank dense_rank percent_rank cume_dist ntile lag lead
		first_value last_value nth_value abs round floor ceil ceiling sqrt exp ln log log10 log2 power pow mod sign
		coalesce nullif ifnull iif if length lower upper trim ltrim rtrim substr substring replace instr
		cast date time datetime strftime julianday unixepoch json_extract json_array_length json_type json_valid
		sin cos tan asin acos atan atan2 pi degrees radians trunc`)
	if dialect == MySQL {
		for name := range set(`std stddev stddev_pop stddev_samp variance var_pop var_samp truncate greatest least concat concat_ws
			left right char_length character_length locate position reverse year quarter month week day dayofmonth dayofweek
			dayofyear hour minute second date_format date_add date_sub datediff timestampdiff timestampadd extract last_day
			str_to_date now curdate current_date json_unquote json_keys json_contains convert decimal char varchar signed
			unsigned field find_in_set regexp_like adddate subdate makedate to_days from_unixtime unix_timestamp rollup grouping`) {
			functions[name] = true
		}
		delete(functions, "char") // char(…) makes strings; CAST … AS CHAR needs no bracket
	} else {
		for name := range set("date time datetime decimal numeric varchar text_length json_each json_tree typeof") {
			functions[name] = true
		}
	}
	return functions
}
