package ledgertest

import (
	"fmt"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/quaestor-run/quaestor/runtime/ledger"
)

// Bench measures what a call costs the ledger: a reservation that is sent at
// once, and its settlement, by several callers at a time.
func Bench(b *testing.B, l ledger.Ledger) {
	for i := range 200 {
		for _, period := range []ledger.Period{ledger.PeriodDay, ledger.PeriodMonth} {
			if err := l.SetLimit(b.Context(), client(fmt.Sprint("c", i)), period, ledger.Limit{NanoUSD: 1 << 60}); err != nil {
				b.Fatal(err)
			}
		}
	}
	var series atomic.Int64
	for _, clients := range []int{1, 200} {
		for _, callers := range []int{1, 16, 64} {
			b.Run(fmt.Sprintf("clients=%d/callers=%d", clients, callers), func(b *testing.B) {
				pairs(b, l, fmt.Sprint(series.Add(1)), clients, callers)
			})
		}
	}
}

func pairs(b *testing.B, l ledger.Ledger, series string, clients, callers int) {
	b.ReportAllocs()
	var next atomic.Int64
	failed := make(chan error, callers)
	before := processorTime()
	b.ResetTimer()
	for range callers {
		go func() {
			for {
				i := next.Add(1)
				if i > int64(b.N) {
					failed <- nil
					return
				}
				if err := pair(b, l, fmt.Sprintf("%s-%x/chat/1", series, uint64(i)*0x9e3779b97f4a7c15), int(i)%clients); err != nil {
					failed <- err
					return
				}
			}
		}()
	}
	for range callers {
		if err := <-failed; err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "pairs/s")
	b.ReportMetric(float64((processorTime()-before).Microseconds())/float64(b.N), "µs-cpu/pair")
}

func pair(b *testing.B, l ledger.Ledger, key string, of int) error {
	a, err := l.Reserve(b.Context(), ledger.Reservation{
		Key: key, Client: fmt.Sprint("c", of), Team: fmt.Sprint("t", of%10), Feature: "chat", Hold: ledger.Amount{Tokens: 1000, NanoUSD: 100_000},
		Dispatched: true, Expires: time.Now().Add(10 * time.Minute),
		Provider: "bedrock", Region: "us-east-1", Model: "anthropic.claude-haiku-4-5-20251001",
	})
	if err != nil {
		return err
	}
	_, err = l.Settle(b.Context(), a.ID, ledger.Settlement{
		Usage: ledger.Usage{InputTokens: 300, OutputTokens: 100, NanoUSD: 60_000}, Latency: time.Second, FirstToken: time.Millisecond,
	})
	return err
}

// processorTime is what this process has used of the processors.
func processorTime() time.Duration {
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		return 0
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}
