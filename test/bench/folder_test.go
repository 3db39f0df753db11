//go:build linux

package bench

import (
	"os"
	"syscall"
	"testing"
)

// Magic numbers of statfs(2) for file systems in memory.
const (
	tmpfsMagic = 0x01021994
	ramfsMagic = 0x858458f6
)

// ramDir is a folder in memory, where a sync costs nothing.
func ramDir(b *testing.B) string {
	const dir = "/dev/shm"
	if !inMemory(b, dir) {
		b.Fatalf("%s is not a tmpfs; mount one there (mount -t tmpfs none %s)", dir, dir)
	}
	return dir
}

// diskDir is a folder on a disk, where a sync takes time.
func diskDir(b *testing.B) string {
	dir := os.Getenv("BENCH_DIR")
	if dir == "" {
		dir = os.TempDir()
	}
	if inMemory(b, dir) {
		b.Fatalf("%s is in memory; set BENCH_DIR to a folder on a disk", dir)
	}
	return dir
}

func inMemory(b *testing.B, dir string) bool {
	var fs syscall.Statfs_t
	if err := syscall.Statfs(dir, &fs); err != nil {
		b.Fatalf("%s: %v", dir, err)
	}
	magic := uint32(fs.Type) // its type depends on the processor
	return magic == tmpfsMagic || magic == ramfsMagic
}

// freshDir makes a new folder below parent.
func freshDir(b *testing.B, parent string) (dir string, remove func()) {
	dir, err := os.MkdirTemp(parent, "trustgen-bench-")
	if err != nil {
		b.Fatal(err)
	}
	return dir, func() {
		if err := os.RemoveAll(dir); err != nil {
			b.Fatal(err)
		}
	}
}
