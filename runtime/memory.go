package runtime

import (
	"runtime"
	"runtime/debug"
	"runtime/metrics"
)

// How large a heap may be before it is collected, in bytes, while little of it is
// live. See [TuneMemory].
const (
	EasyHeap    = 256 << 20 // where whole runs are worked on
	GatewayHeap = 64 << 20  // where calls are only passed on
)

// By how many percent a heap may grow until it is collected. A large one has
// less than Go's own 100: many runs at once end up with a twelfth less memory, and
// no fewer a minute.
const (
	leastGrowth = 60
	mostGrowth  = 400
)

// TuneMemory trades memory for time in the whole process, where GOGC and
// GOMEMLIMIT do not say otherwise. A process of ours holds little and allocates
// much (transcripts, JSON, rows): Go would collect a small heap each time it
// doubles, although there is memory. Fifty runs at once take about a tenth less
// CPU with it. It is for programs, not for libraries to call, and once.
func TuneMemory(getenv func(string) string, heap uint64) {
	if getenv("GOGC") != "" || getenv("GOMEMLIMIT") != "" {
		return
	}
	tune := func() { debug.SetGCPercent(pace(liveHeap(), heap)) }
	tune()
	afterEachCollection(tune)
}

// pace is the growth, in percent of what is live, after which the heap is
// collected next.
func pace(live, heap uint64) int {
	if live == 0 || live >= heap {
		return leastGrowth
	}
	return int(min(mostGrowth, max(leastGrowth, (heap-live)*100/live)))
}

// liveHeap is what the last collection left, in bytes.
func liveHeap() uint64 {
	sample := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}

// afterEachCollection calls f after every collection, by an object that each of
// them finds unreachable.
func afterEachCollection(f func()) {
	sentinel := new([16]byte) // large enough to be an allocation of its own
	runtime.AddCleanup(sentinel, func(next func()) {
		next()
		afterEachCollection(next)
	}, f)
}
