//go:build linux

package bench

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/trustgen/trustgen/secrets"
)

// roleVariable makes this binary run as another program, not as a test.
const roleVariable = "TRUSTGEN_BENCH_ROLE"

func TestMain(m *testing.M) {
	play, ok := map[string]func(args []string) error{
		"bare-loop":   bareLoop,
		"peak-memory": peakMemory,
	}[os.Getenv(roleVariable)]
	if !ok {
		os.Exit(m.Run())
	}
	if err := play(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// role is this binary in one of its roles.
func role(b *testing.B, name string, args ...string) *exec.Cmd {
	self, err := os.Executable()
	if err != nil {
		b.Fatal(err)
	}
	cmd := exec.Command(self, args...)
	cmd.Env = append(os.Environ(), roleVariable+"="+name)
	return cmd
}

// buildTrustgen builds the program as users run it, and returns its path.
func buildTrustgen(b *testing.B) string {
	path := filepath.Join(b.TempDir(), "trustgen")
	run(b, exec.Command("go", "build", "-o", path, "github.com/trustgen/trustgen/cmd/trustgen"))
	return path
}

// intermediates are the arguments of trustgen for the clusters c1, c2 and so on.
func intermediates(dir string, clusters int) []string {
	return []string{"intermediate", "--quiet", "--dir", dir, "--cluster", strings.Join(clusterNames(clusters), ",")}
}

func clusterNames(n int) []string {
	names := make([]string, n)
	for i := range names {
		names[i] = fmt.Sprintf("c%d", i+1)
	}
	return names
}

// cost is the time that a program took, with all programs that it ran, and its output.
type cost struct {
	seconds, cpuSeconds float64
	stdout              []byte
}

func seconds(costs []cost) series {
	s := make(series, len(costs))
	for i := range costs {
		s[i] = costs[i].seconds
	}
	return s
}

func cpuSeconds(costs []cost) series {
	s := make(series, len(costs))
	for i := range costs {
		s[i] = costs[i].cpuSeconds
	}
	return s
}

func run(b *testing.B, cmd *exec.Cmd) cost {
	b.Helper()
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	begin := time.Now()
	if err := cmd.Run(); err != nil {
		b.Fatalf("%s: %v\n%s", cmd.Args[0], err, &stderr)
	}
	elapsed := time.Since(begin)
	cpu := cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	return cost{elapsed.Seconds(), cpu.Seconds(), stdout.Bytes()}
}

// readBundles checks that a contestant did its work: each cluster has a CA bundle that
// istiod accepts. It returns the last one.
func readBundles(b *testing.B, dir string, clusters int) (bundle *secrets.CACerts) {
	for _, cluster := range clusterNames(clusters) {
		files := make(map[string][]byte)
		for _, name := range secrets.FileNames() {
			data, err := os.ReadFile(filepath.Join(dir, cluster, name))
			if err != nil {
				b.Fatal(err)
			}
			files[name] = data
		}
		var err error
		if bundle, err = secrets.Parse(files); err != nil {
			b.Fatalf("%s: %v", filepath.Join(dir, cluster), err)
		}
	}
	return bundle
}
