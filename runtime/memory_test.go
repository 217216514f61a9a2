package runtime

import (
	"runtime"
	"testing"
	"time"
)

func TestASmallHeapMayGrowALargeOneLess(t *testing.T) {
	t.Parallel()
	const mb = 1 << 20
	for live, want := range map[uint64]int{
		0: 60, 20 * mb: 400, 51 * mb: 400, 64 * mb: 300, 128 * mb: 100, 200 * mb: 60, 256 * mb: 60, 5000 * mb: 60,
	} {
		if got := pace(live, EasyHeap); got != want {
			t.Errorf("with %d MB live the heap may grow by %d %%, not %d", live/mb, got, want)
		}
	}
}

func TestAGatewayStaysSmall(t *testing.T) {
	t.Parallel()
	const mb = 1 << 20
	for live, want := range map[uint64]int{8 * mb: 400, 16 * mb: 300, 32 * mb: 100, 100 * mb: 60} {
		if got := pace(live, GatewayHeap); got != want {
			t.Errorf("with %d MB live the heap may grow by %d %%, not %d", live/mb, got, want)
		}
	}
}

func TestEachCollectionIsToldOf(t *testing.T) {
	t.Parallel()
	told := make(chan struct{}, 100)
	afterEachCollection(func() { told <- struct{}{} })
	for range 3 {
		runtime.GC()
		select {
		case <-told:
		case <-time.After(time.Minute):
			t.Fatal("a collection was not told of")
		}
	}
}
