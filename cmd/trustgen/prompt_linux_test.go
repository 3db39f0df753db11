package main

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/trustgen/trustgen/cmd/trustgen/internal/term/termtest"
)

// TestSign_PromptsForAPassphraseWhereStdinIsAPipe signs a request that comes through one, with a
// person at the terminal.
func TestSign_PromptsForAPassphraseWhereStdinIsAPipe(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	passphrase := filepath.Join(dir, "passphrase")
	if err := os.WriteFile(passphrase, []byte("correct horse\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	trust := filepath.Join(dir, "trust")
	if out, err := exec.CommandContext(t.Context(), "trustgen", "init", "--dir", trust, "--password-file", passphrase).CombinedOutput(); err != nil {
		t.Fatalf("init: %v\n%s", err, out)
	}
	request, err := exec.CommandContext(t.Context(), "trustgen", "request", "-q", "--dir", filepath.Join(dir, "cluster"), "--cluster", "east").Output()
	if err != nil {
		t.Fatal(err)
	}
	person, tty := termtest.New(t)
	var out, stderr bytes.Buffer
	cmd := exec.CommandContext(t.Context(), "trustgen", "sign", "-q", "-", "--dir", trust, "--cluster", "east", "--yes")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(request), &out, &stderr
	cmd.ExtraFiles = []*os.File{tty}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true, Ctty: 3}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if asked, err := bufio.NewReader(person).ReadString(':'); err != nil || asked != "Passphrase of "+filepath.Join(trust, "root-key.pem")+":" {
		t.Errorf("was asked %q, %v", asked, err)
	}
	fmt.Fprint(person, "correct horse\n")
	if err := cmd.Wait(); err != nil || !strings.HasPrefix(out.String(), "-----BEGIN CERTIFICATE-----") {
		t.Errorf("sign: %v, %s, stdout %q", err, stderr.String(), out.String())
	}
}
