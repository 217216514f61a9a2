package journal

// memoryLimit bounds what is remembered of each kind.
const memoryLimit = 50_000

// memory is what the last transaction knew of budgets and of attempts that are
// open. It holds in the next one if nobody else has written in between.
type memory struct {
	budgets  map[name]budget
	attempts map[int64]attempt
}

func newMemory() *memory {
	return &memory{budgets: make(map[name]budget), attempts: make(map[int64]attempt)}
}

// budget gives a copy of a row, or nil.
func (m *memory) budget(n name) *budget {
	row, ok := m.budgets[n]
	if !ok {
		return nil
	}
	return &row
}

// attempt gives a copy of an attempt, or nil.
func (m *memory) attempt(id int64) *attempt {
	a, ok := m.attempts[id]
	if !ok {
		return nil
	}
	return &a
}

func (m *memory) forget() {
	clear(m.budgets)
	clear(m.attempts)
}

// learn keeps what a transaction that was committed leaves. Rows that it made
// have numbers that are not known yet.
func (m *memory) learn(b *batch) {
	if len(m.budgets) > memoryLimit || len(m.attempts) > memoryLimit {
		m.forget()
	}
	for n, row := range b.budgets {
		if !row.kept {
			continue
		}
		kept := *row
		kept.found.add(row.added)
		kept.added, kept.relimit = use{}, false
		m.budgets[n] = kept
	}
	for _, a := range b.order {
		if !a.open() {
			delete(m.attempts, a.ID)
			continue
		}
		kept := *a
		kept.fresh, kept.moved = false, false
		m.attempts[a.ID] = kept
	}
}
