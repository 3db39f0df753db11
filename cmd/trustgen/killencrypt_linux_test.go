package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const killedPassphrase = "correct horse"

// encryption kills "init --encrypt" at every call that changes files: at any time there
// is the plain key or the encrypted one, whole, and once the encrypted one is there the
// plain one is nowhere.
func (k killer) encryption(t *testing.T) {
	s := killScenario{prepare: [][]string{{"init"}}, before: 3, after: 3, points: 12}
	args := []string{"init", "--encrypt", "--password-file", "passphrase"}
	template := k.template(t, s)
	plain := catRootKey(t, template)
	undone, finished := 0, 0
	for n := 1; ; n++ {
		d := newKilledDir(t, template)
		if err := os.WriteFile(filepath.Join(d.work, "passphrase"), []byte(killedPassphrase+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		run := trace(t, d.work, append([]string{k.binary}, args...), atCall(n))
		d.point = fmt.Sprintf("killed at point %d", n)
		if !run.Killed {
			k.wantOnlyEncrypted(t, d, plain)
			k.run(t, d.work, append(slices.Clone(issuance), "--password-file", "passphrase")...).want(t, exitFine)
			d.wantComplete(t)
			wantPoints(t, s, n-1)
			if undone < 5 || finished < 2 {
				t.Errorf("%d undone and %d finished, expected more of each", undone, finished)
			}
			return
		}
		k.wantUsableKey(t, d, plain)
		k.run(t, d.work, "list").wantAt(t, d.point, exitFine)
		if k.wantUsableKey(t, d, plain) {
			finished++
			k.wantOnlyEncrypted(t, d, plain)
		} else {
			undone++
			d.wantUnchanged(t)
			k.run(t, d.work, args...).wantAt(t, d.point, exitFine)
			k.wantOnlyEncrypted(t, d, plain)
		}
		if t.Failed() {
			return
		}
	}
}

func catRootKey(t *testing.T, work string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(work, "trust", "root-key.pem"))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// wantUsableKey expects the plain key, or one that the passphrase opens and that is the
// same. It reports whether it is encrypted.
func (k killer) wantUsableKey(t *testing.T, d *killedDir, plain string) (encrypted bool) {
	t.Helper()
	if catRootKey(t, d.work) == plain {
		return false
	}
	// It opens the key, and holds it against its certificate.
	k.run(t, d.work, "intermediate", "--cluster", "probe", "--dry-run", "--password-file", "passphrase").wantAt(t, d.point, exitFine)
	return true
}

// wantOnlyEncrypted expects that no file, the store's own included, has the plain key.
func (k killer) wantOnlyEncrypted(t *testing.T, d *killedDir, plain string) {
	t.Helper()
	if !k.wantUsableKey(t, d, plain) {
		t.Errorf("%s: the key is not encrypted", d.point)
	}
	secret := strings.Split(plain, "\n")[1]
	for name, data := range d.everything(t) {
		if strings.Contains(data, secret) {
			t.Errorf("%s: %s holds the plain key", d.point, name)
		}
	}
}
