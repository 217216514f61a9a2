package journal

import "slices"

// memoryLimit bounds what is remembered of each kind.
const memoryLimit = 50_000

// memory is what the last transaction knew of budgets and of attempts that are
// open. It holds in the next one if nobody else has written in between; the next
// one works on what is in here, and if it fails, all of it is forgotten.
type memory struct {
	budgets  map[name]*budget
	attempts map[int64]*attempt
	own      map[int64]own
}

// own is what is known of an open attempt that was reserved here, whatever others
// write.
type own struct {
	names []name // of the budgets it is charged to
	first bool   // of its call: there is no other one to look at
}

func newMemory() *memory {
	return &memory{budgets: make(map[name]*budget), attempts: make(map[int64]*attempt), own: make(map[int64]own)}
}

func (m *memory) forget() {
	clear(m.budgets)
	clear(m.attempts)
}

// learn keeps what a transaction that was committed leaves. Rows that it made
// have numbers that are not known yet.
func (m *memory) learn(b *batch) {
	for _, row := range b.touched {
		row.found.add(row.added)
		row.added, row.relimit, row.touched = use{}, false, false
	}
	for n, row := range b.budgets {
		if row.kept {
			m.budgets[n] = row
		}
	}
	for _, a := range b.order {
		if !a.open() {
			delete(m.attempts, a.ID)
			delete(m.own, a.ID)
			continue
		}
		if a.fresh {
			m.own[a.ID] = own{a.names, a.Ordinal == 1}
		}
		a.fresh, a.moved = false, false
		if slices.ContainsFunc(a.rows, func(row *budget) bool { return !row.kept }) {
			a.rows = nil // to be read
		}
		m.attempts[a.ID] = a
	}
	if len(m.budgets) > memoryLimit || len(m.attempts) > memoryLimit {
		m.forget()
	}
	if len(m.own) > memoryLimit {
		clear(m.own)
	}
}
