//go:build !linux && !darwin && !freebsd

package runtime

func freeSpace(string) (free uint64, known bool) { return 0, false }
