//go:build linux

package bench

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
)

const memoryRounds = 3

// BenchmarkPeakMemory shows that memory does not grow with the number of clusters.
func BenchmarkPeakMemory(b *testing.B) {
	program, ram := buildTrustgen(b), ramDir(b)
	peak := func(clusters int) func() float64 {
		return func() float64 {
			dir, remove := freshDir(b, ram)
			defer remove()
			spent := run(b, role(b, "peak-memory", append([]string{program}, intermediates(dir, clusters)...)...))
			var kib float64
			if _, err := fmt.Sscan(string(spent.stdout), &kib); err != nil {
				b.Fatalf("peak memory %q: %v", spent.stdout, err)
			}
			return kib / 1024
		}
	}
	measured := interleave(memoryRounds, peak(100), peak(1000), peak(4000))
	ratios := series(measured[2]).over(measured[0])
	report(b, ratios, "growth")
	for i, clusters := range []int{100, 1000, 4000} {
		printLine(b, "%4d clusters: %v MiB", clusters, series(measured[i]))
	}
	printLine(b, "4000 clusters take %v times the memory of 100", ratios)
	printLine(b, "%s", atMost(1.5, "times the memory for 40 times the clusters").judge(ratios))
}

// peakMemory runs a program and prints its peak memory in KiB. It is a separate
// role because the maximum of wait4(2) counts from the fork: it includes the memory of
// the parent at that time, and the benchmarks use more than trustgen.
func peakMemory(args []string) error {
	floor, err := ownPeak()
	if err != nil {
		return err
	}
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Stderr = os.Stderr
	if err := cmd.Run(); err != nil {
		return err
	}
	kib := float64(cmd.ProcessState.SysUsage().(*syscall.Rusage).Maxrss)
	if kib <= floor {
		return fmt.Errorf("a peak of %g KiB is that of the parent, %g KiB", kib, floor)
	}
	fmt.Println(kib)
	return nil
}

// ownPeak is VmHWM of proc(5).
func ownPeak() (kib float64, err error) {
	status, err := os.Open("/proc/self/status")
	if err != nil {
		return 0, err
	}
	defer status.Close()
	for lines := bufio.NewScanner(status); lines.Scan(); {
		if value, ok := strings.CutPrefix(lines.Text(), "VmHWM:"); ok {
			_, err := fmt.Sscan(value, &kib)
			return kib, err
		}
	}
	return 0, errors.New("/proc/self/status has no VmHWM")
}
