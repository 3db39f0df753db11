//go:build linux

package bench

import (
	"crypto/x509"
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"github.com/trustgen/trustgen/ca"
)

const (
	bundles       = 1000
	scriptBundles = 50 // as many as a script makes in a round; its time is scaled
	opensslRounds = 7
)

// BenchmarkVersusOpenSSL makes 1,000 CA bundles with trustgen, and some with a script
// that calls openssl, in a file system in memory. All of trustgen's time counts, its
// start and its root included. Of the script only the time for the clusters counts.
func BenchmarkVersusOpenSSL(b *testing.B) {
	c := newOpenSSLContest(b)
	costs := interleave(opensslRounds, c.trustgen, c.script("stepwise"), c.script("at_once"))
	trustgen := seconds(costs[0]).times(1e3 / bundles)
	stepwise := seconds(costs[1]).times(1e3 / scriptBundles)
	atOnce := seconds(costs[2]).times(1e3 / scriptBundles)
	cpu := cpuSeconds(costs[1]).times(bundles / scriptBundles).over(cpuSeconds(costs[0]))

	ratios := stepwise.over(trustgen)
	report(b, ratios, "times-faster")
	printLine(b, "trustgen:                              %v ms a cluster; %d in a round", trustgen, bundles)
	printLine(b, "openssl, a command for each step:      %v ms a cluster; %d in a round, scaled", stepwise, scriptBundles)
	printLine(b, "openssl, one command for a cluster:    %v ms a cluster; %d in a round, scaled", atOnce, scriptBundles)
	printLine(b, "faster than a command for each step:   %v times, in CPU time %v times", ratios, cpu)
	printLine(b, "faster than one command for a cluster: %v times", atOnce.over(trustgen))
	printLine(b, "%s", atLeast(50, "times faster than a command for each step").judge(ratios))
}

// opensslContest fails when its contestants make certificates of different shapes.
type opensslContest struct {
	*testing.B
	program, source, ram string
	shape                string
}

func newOpenSSLContest(b *testing.B) *opensslContest {
	if _, err := exec.LookPath("openssl"); err != nil {
		b.Fatal("openssl is missing; install it (apt-get install openssl)")
	}
	source, err := filepath.Abs("testdata/openssl.sh")
	if err != nil {
		b.Fatal(err)
	}
	return &opensslContest{B: b, program: buildTrustgen(b), source: source, ram: ramDir(b)}
}

func (c *opensslContest) trustgen() cost {
	dir, remove := freshDir(c.B, c.ram)
	defer remove()
	spent := run(c.B, exec.Command(c.program, intermediates(dir, bundles)...))
	c.check(filepath.Join(dir, "clusters"), bundles)
	return spent
}

// script runs the script in one of its modes.
func (c *opensslContest) script(way string) func() cost {
	return func() cost {
		dir, remove := freshDir(c.B, c.ram)
		defer remove()
		openssl := func(args ...string) cost {
			cmd := exec.Command(c.source, args...)
			cmd.Dir = dir
			return run(c.B, cmd)
		}
		openssl("root")
		spent := openssl(append([]string{way}, clusterNames(scriptBundles)...)...)
		c.check(dir, scriptBundles)
		return spent
	}
}

func (c *opensslContest) check(dir string, clusters int) {
	shape := shapeOf(readBundles(c.B, dir, clusters).Certificate())
	if c.shape != "" && c.shape != shape {
		c.Fatalf("the contestants make different certificates: %s, and %s", c.shape, shape)
	}
	c.shape = shape
}

// shapeOf has the properties of an intermediate that affect its cost.
func shapeOf(cert *x509.Certificate) string {
	extensions := make([]string, len(cert.Extensions))
	for i, extension := range cert.Extensions {
		extensions[i] = fmt.Sprintf("%v critical=%t", extension.Id, extension.Critical)
	}
	slices.Sort(extensions)
	return fmt.Sprintf("%v of %s, key usage %b, path length %d, extensions %v",
		cert.SignatureAlgorithm, ca.DescribeKey(cert.PublicKey), cert.KeyUsage, cert.MaxPathLen, extensions)
}
