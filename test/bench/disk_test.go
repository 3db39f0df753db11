//go:build linux

package bench

import (
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
)

const diskRounds = 9

// BenchmarkVersusBareLoop makes 1,000 CA bundles on a disk with trustgen, and with a
// loop that does the minimum. The loop is a process as well, so that both pay for
// their start, their first use of memory and their root.
func BenchmarkVersusBareLoop(b *testing.B) {
	disk := diskDir(b)
	program := buildTrustgen(b)
	onDisk := func(command func(dir string) *exec.Cmd) func() cost {
		return func() cost {
			dir, remove := freshDir(b, disk)
			defer remove()
			syscall.Sync() // this turn must not wait for writes of the last one
			spent := run(b, command(dir))
			readBundles(b, filepath.Join(dir, "clusters"), bundles)
			return spent
		}
	}
	costs := interleave(diskRounds,
		onDisk(func(dir string) *exec.Cmd { return exec.Command(program, intermediates(dir, bundles)...) }),
		onDisk(func(dir string) *exec.Cmd { return role(b, "bare-loop", dir, strconv.Itoa(bundles)) }))
	trustgen, bare := seconds(costs[0]), seconds(costs[1])
	ratios := trustgen.over(bare)
	report(b, ratios, "times-bare")
	printLine(b, "trustgen, %d clusters:  %v s", bundles, trustgen)
	printLine(b, "bare loop, %d clusters: %v s", bundles, bare)
	printLine(b, "trustgen takes %v times as long, in %s", ratios, disk)
	printLine(b, "%s", atMost(1.5, "times the bare loop").judge(ratios))
}
