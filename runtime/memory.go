package runtime

import (
	"runtime"
	"runtime/debug"
	"runtime/metrics"
)

const (
	easyHeap   = 256 << 20 // bytes that the heap may grow to before it is collected
	goPercent  = 100       // Go's own pace, for heaps that are large anyway
	mostAtOnce = 400
)

// TuneMemory trades memory for time in the whole process, where GOGC and
// GOMEMLIMIT do not say otherwise. A process of ours holds little and allocates
// much (transcripts, JSON, rows): Go would collect a small heap each time it
// doubles, although there is memory. Fifty runs at once take about a tenth less
// CPU with it. It is for programs, not for libraries to call.
func TuneMemory(getenv func(string) string) {
	if getenv("GOGC") != "" || getenv("GOMEMLIMIT") != "" {
		return
	}
	debug.SetGCPercent(mostAtOnce)
	afterEachCollection(func() { debug.SetGCPercent(pace(liveHeap())) })
}

// pace is the growth, in percent of what is live, after which the heap is
// collected next.
func pace(live uint64) int {
	if live == 0 || live >= easyHeap {
		return goPercent
	}
	return int(min(mostAtOnce, max(goPercent, (easyHeap-live)*100/live)))
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
