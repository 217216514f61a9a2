package sqlstore

import "sync"

// watchers are those who follow a run in this process. The zero value is ready.
type watchers struct {
	mu   sync.Mutex
	runs map[string]map[chan struct{}]struct{}
}

// Watch implements store.Watcher.
func (s *Store) Watch(run string) (wake <-chan struct{}, stop func()) {
	return s.watch.add(run)
}

func (w *watchers) add(run string) (<-chan struct{}, func()) {
	wake := make(chan struct{}, 1)
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.runs == nil {
		w.runs = make(map[string]map[chan struct{}]struct{})
	}
	if w.runs[run] == nil {
		w.runs[run] = make(map[chan struct{}]struct{})
	}
	w.runs[run][wake] = struct{}{}
	return wake, func() { w.remove(run, wake) }
}

func (w *watchers) remove(run string, wake chan struct{}) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.runs[run], wake)
	if len(w.runs[run]) == 0 {
		delete(w.runs, run)
	}
}

func (w *watchers) wake(run string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for wake := range w.runs[run] {
		select {
		case wake <- struct{}{}:
		default: // a wake-up already waits
		}
	}
}
