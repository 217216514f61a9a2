//go:build linux || darwin || freebsd

package runtime

import "syscall"

// freeSpace is what an unprivileged user may still write below a folder, in
// bytes.
func freeSpace(folder string) (free uint64, known bool) {
	var stat syscall.Statfs_t
	if err := syscall.Statfs(folder, &stat); err != nil {
		return 0, false
	}
	return uint64(max(stat.Bavail, 0)) * uint64(stat.Bsize), true //nolint:unconvert // the types differ between systems
}
