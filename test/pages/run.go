package pages

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strings"
)

// Shell is where the commands of a page run.
type Shell struct {
	// Dir is the working directory; every command runs in a shell of its own.
	Dir string
	// Env is the environment, with a PATH on which trustgen is.
	Env []string
	// Complete runs everything. Otherwise only what needs nothing but trustgen runs, with
	// the trustgen on PATH in place of "go run".
	Complete bool
}

var (
	goRun = regexp.MustCompile(`^go run \./cmd/trustgen\b`)
	more  = regexp.MustCompile(`\b(kubectl|openssl|go|make) |--context|trustgen issuers`)
)

// Run runs the commands of a page in their order, and stops at the first that fails.
// It returns what was run and printed.
func (p *Page) Run(ctx context.Context, sh Shell) (log string, err error) {
	var out strings.Builder
	values := newStable()
	for _, c := range p.Commands {
		line := goRun.ReplaceAllString(c.Line, "trustgen")
		needsMore := more.MatchString(line)
		if needsMore && !sh.Complete {
			continue
		}
		text, err := sh.run(ctx, c.Line, line)
		fmt.Fprintf(&out, "$ %s\n%s", c.Line, text)
		if err != nil {
			return out.String(), fmt.Errorf("%s: %s: %w\n%s", p.Path, c.Line, err, text)
		}
		c.ran = true
		// What only a complete run meets does not change the values of the others.
		values.series = map[bool]string{false: "trustgen", true: "kubectl"}[needsMore]
		c.got = lines(values.text(text))
	}
	return out.String(), nil
}

func (sh Shell) run(ctx context.Context, line, withProgram string) (string, error) {
	if !sh.Complete {
		line = withProgram
	}
	cmd := exec.CommandContext(ctx, "bash", "-o", "pipefail", "-euc", line)
	if strings.HasPrefix(line, "make ") {
		// CI runs the targets themselves.
		cmd = exec.CommandContext(ctx, "make", append([]string{"--dry-run"}, strings.Fields(line)[1:]...)...)
	}
	cmd.Dir, cmd.Env = sh.Dir, append(os.Environ(), sh.Env...)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// lines are those of an output, without spaces at their ends.
func lines(text string) []string {
	var all []string
	for line := range strings.Lines(text) {
		all = append(all, strings.TrimRight(line, " \n"))
	}
	return all
}
