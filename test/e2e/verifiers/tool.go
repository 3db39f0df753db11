package verifiers

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"
)

// A tool is a command that exits with the status refused when it does not accept a chain.
type tool struct {
	path    string
	refused int
}

// judge runs the tool; its errors are those of [Verifier.Verify].
func (t tool) judge(ctx context.Context, args ...string) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	cmd := command(ctx, t.path, args...)
	out, err := cmd.CombinedOutput()
	if err == nil {
		return nil
	}
	said := strings.Join(strings.Fields(string(out)), " ")
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.ExitCode() == t.refused {
		return &Refusal{Reason: said}
	}
	return fmt.Errorf("%s: %w: %s", cmd, err, said)
}
