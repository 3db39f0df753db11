package verifiers

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"regexp"
)

// A program is the executable of a verifier.
type program struct {
	find    func() (path string, err error)
	install string // how to install it
	version string // the argument that makes it print its version
	adopt   func(path, version string) Verifier
}

// Find returns every verifier. Its error lists every program that is missing or does not run,
// with the package to install. npm installed bun and deno in nodeModules.
func Find(ctx context.Context, nodeModules string) ([]Verifier, error) {
	npm := "run npm ci --ignore-scripts in " + filepath.Dir(nodeModules)
	programs := []program{
		{inPath("openssl"), "install the Debian package openssl", "version", newOpenSSL},
		{inPath("certtool"), "install the Debian package gnutls-bin", "--version", newGnuTLS},
		{inPath("node"), "install the Debian package nodejs", "--version", newNode},
		{inDir(nodeModules, "@oven/bun-*/bin/bun"), npm, "--version", newBun},
		{inDir(nodeModules, "@deno/*/deno"), npm, "--version", newDeno},
	}
	found := []Verifier{Go{}}
	var missing []error
	for _, p := range programs {
		v, err := p.open(ctx)
		if err != nil {
			missing = append(missing, fmt.Errorf("%w: %s", err, p.install))
			continue
		}
		found = append(found, v)
	}
	return found, errors.Join(missing...)
}

var versionNumber = regexp.MustCompile(`\d+\.\d+\.\d+`)

// open finds the program and runs it for its version, since a file that exists may not run here.
func (p program) open(ctx context.Context) (Verifier, error) {
	path, err := p.find()
	if err != nil {
		return nil, err
	}
	cmd := command(ctx, path, p.version)
	out, err := cmd.CombinedOutput()
	if err != nil {
		return nil, fmt.Errorf("%s: %w: %s", cmd, err, out)
	}
	version := versionNumber.Find(out)
	if version == nil {
		return nil, fmt.Errorf("%s: no version in %q", cmd, out)
	}
	return p.adopt(path, string(version)), nil
}

// command runs a verifier without the environment of the caller: NODE_TLS_REJECT_UNAUTHORIZED=0
// or another OPENSSL_CONF would change the result.
func command(ctx context.Context, path string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.Env = []string{"LC_ALL=C", "NO_COLOR=1"}
	return cmd
}

func inPath(name string) func() (string, error) {
	return func() (string, error) { return exec.LookPath(name) }
}

// inDir finds the binary itself: an install script, which does not run, would make the link of
// npm. npm installs the package of this platform only.
func inDir(dir, pattern string) func() (string, error) {
	return func() (string, error) {
		matches, err := filepath.Glob(filepath.Join(dir, pattern))
		if err != nil {
			return "", err
		}
		if len(matches) == 0 {
			return "", fmt.Errorf("no %s in %s", pattern, dir)
		}
		return filepath.Abs(matches[0])
	}
}
