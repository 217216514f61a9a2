package sqlquery

import (
	"encoding/json"
	"fmt"
	"sync"
	"time"

	pgquery "github.com/wasilibs/go-pgquery/parser"
)

// parseTime is how long PostgreSQL's parser may take for one query.
const parseTime = 20 * time.Second

// parser is the one of this process.
var parser = sync.OnceValue(func() *postgresParser { return &postgresParser{} })

// postgresParser reads one query after the other. The library makes a parser,
// which takes seconds, whenever all it has are at work, so queries that are
// checked at once would each wait for their own.
type postgresParser struct {
	turn sync.Mutex
	made bool
}

type parseTree struct {
	Stmts []struct {
		Stmt json.RawMessage `json:"stmt"`
	} `json:"stmts"`
}

// parse bounds what a parser of outside bytes may do: it neither crashes the
// process nor holds up the caller for more than [parseTime]. Neither making the
// parser nor waiting for it counts as time of the query.
func (p *postgresParser) parse(query string) (parseTree, error) {
	p.turn.Lock()
	defer p.turn.Unlock()
	if !p.made {
		if _, err := parseToJSON("SELECT 1"); err != nil {
			return parseTree{}, fmt.Errorf("making PostgreSQL's parser: %w", err)
		}
		p.made = true
	}
	type outcome struct {
		tree string
		err  error
	}
	done := make(chan outcome, 1)
	go func() {
		tree, err := parseToJSON(query)
		done <- outcome{tree, err}
	}()
	timeout := time.NewTimer(parseTime)
	defer timeout.Stop()
	select {
	case o := <-done:
		if o.err != nil {
			return parseTree{}, refused("PostgreSQL cannot read it: %v", o.err)
		}
		var tree parseTree
		if err := json.Unmarshal([]byte(o.tree), &tree); err != nil {
			return parseTree{}, refused("its parse tree cannot be read: %v", err)
		}
		return tree, nil
	case <-timeout.C:
		p.made = false // the one at work on this query may never come back
		return parseTree{}, refused("it takes too long to read; write it more simply")
	}
}

func parseToJSON(query string) (tree string, err error) {
	defer func() {
		if crash := recover(); crash != nil {
			err = fmt.Errorf("the parser gave up: %v", crash)
		}
	}()
	return pgquery.ParseToJSON(query)
}
