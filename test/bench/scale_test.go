//go:build linux

package bench

import (
	"bytes"
	"fmt"
	"os/exec"
	"path/filepath"
	"testing"
)

const scaleRounds = 5

// BenchmarkScale compares the CPU time per cluster on a large trust directory with
// that on one with a quarter of the clusters. The ratio is 1 where the time is
// linear, and 4 where every cluster is compared with every other one.
//
// CRLs are not published at 4,000 clusters: the CRL bundle of 4,001 CAs takes 1.5 MB,
// and a Secret has room for 0.94 MiB. At that size "crl refresh" is refused, and
// "revoke" is refused as well, because it begins to publish. Therefore:
//
//   - recorded: each CA has a CRL that is not published, as "intermediate" leaves it.
//     1,000 and 4,000 clusters, and for "revoke --dry-run" 640 and 2,560, which is
//     nearly as many as a Secret has room for.
//   - published: each cluster has the CRL bundle, 250 and 1,000 clusters. Each of
//     them has the CRLs of all, so the bytes on disk grow with the square.
func BenchmarkScale(b *testing.B) {
	program, ram := buildTrustgen(b), ramDir(b)
	b.Run("recorded", func(b *testing.B) {
		prepare := func(clusters int) trustDir { return newTrustDir(b, program, ram, clusters) }
		small, large := prepare(1000), prepare(4000)
		b.Run("crl-status", func(b *testing.B) { compare(b, crlStatus, small, large) })
		b.Run("intermediate", func(b *testing.B) { compare(b, keepAll, small, large) })
		fewer, most := prepare(640), prepare(2560)
		b.Run("revoke", func(b *testing.B) { compare(b, revokeOne, fewer, most) })
	})
	b.Run("published", func(b *testing.B) {
		prepare := func(clusters int) trustDir { return newTrustDir(b, program, ram, clusters).publish(b) }
		small, large := prepare(250), prepare(1000)
		b.Run("crl-status", func(b *testing.B) { compare(b, crlStatus, small, large) })
		b.Run("intermediate", func(b *testing.B) { compare(b, keepAll, small, large) })
		b.Run("revoke", func(b *testing.B) { compare(b, revokeOne, small, large) })
	})
}

// trustDir is a trust directory with the clusters c1, c2 and so on.
type trustDir struct {
	program, path string
	clusters      int
}

func newTrustDir(b *testing.B, program, parent string, clusters int) trustDir {
	dir, remove := freshDir(b, parent)
	b.Cleanup(remove)
	d := trustDir{program, filepath.Join(dir, "trust"), clusters}
	run(b, exec.Command(program, intermediates(d.path, clusters)...))
	return d
}

func (d trustDir) publish(b *testing.B) trustDir {
	run(b, exec.Command(d.program, "crl", "refresh", "--quiet", "--dir", d.path))
	return d
}

// scaled is a command that changes nothing, and the number of lines that it prints.
type scaled func(d trustDir) (args []string, lines int)

// crlStatus prints a title, the root and each cluster.
func crlStatus(d trustDir) ([]string, int) {
	return []string{"crl", "status", "--quiet", "--dir", d.path}, 2 + d.clusters
}

// keepAll prints a title and each cluster.
func keepAll(d trustDir) ([]string, int) {
	return intermediates(d.path, d.clusters), 1 + d.clusters
}

// revokeOne prints a title, the successor and the intermediate to revoke.
func revokeOne(d trustDir) ([]string, int) {
	return []string{"revoke", "--quiet", "--dry-run", "--dir", d.path, "--cluster", fmt.Sprintf("c%d", d.clusters/2)}, 3
}

func compare(b *testing.B, command scaled, small, large trustDir) {
	on := func(d trustDir) func() cost {
		args, lines := command(d)
		return func() cost {
			spent := run(b, exec.Command(d.program, args...))
			if got := bytes.Count(spent.stdout, []byte("\n")); got != lines {
				b.Fatalf("%s of %d clusters prints %d lines, want %d", args[0], d.clusters, got, lines)
			}
			return spent
		}
	}
	costs := interleave(scaleRounds, on(small), on(large))
	perCluster := func(i int, d trustDir) series { return cpuSeconds(costs[i]).times(1 / float64(d.clusters)) }
	ratios := perCluster(1, large).over(perCluster(0, small))
	report(b, ratios, "growth")
	for i, d := range []trustDir{small, large} {
		printLine(b, "%4d clusters: %v ms of CPU per cluster, %v s in total", d.clusters, perCluster(i, d).times(1e3), seconds(costs[i]))
	}
	printLine(b, "%s", atMost(1.5, "times the time per cluster for 4 times the clusters").judge(ratios))
}
