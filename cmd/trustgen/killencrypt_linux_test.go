package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/trustgen/trustgen/ca"
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
			d.wantOnlyEncrypted(t, plain)
			k.run(t, d.work, append(slices.Clone(issuance), "--password-file", "passphrase")...).want(t, exitFine)
			d.wantComplete(t)
			wantPoints(t, s, n-1)
			if undone < 5 || finished < 2 {
				t.Errorf("%d undone and %d finished, expected more of each", undone, finished)
			}
			return
		}
		d.wantUsableKey(t, plain)
		k.run(t, d.work, "list").wantAt(t, d.point, exitFine)
		if d.wantUsableKey(t, plain) {
			finished++
			d.wantOnlyEncrypted(t, plain)
		} else {
			undone++
			d.wantUnchanged(t)
			k.run(t, d.work, args...).wantAt(t, d.point, exitFine)
			d.wantOnlyEncrypted(t, plain)
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
func (d *killedDir) wantUsableKey(t *testing.T, plain string) (encrypted bool) {
	t.Helper()
	data := catRootKey(t, d.work)
	if data == plain {
		return false
	}
	want, err := ca.ParseKey([]byte(plain))
	if err != nil {
		t.Fatal(err)
	}
	key, err := ca.ParseEncryptedKey([]byte(data), []byte(killedPassphrase))
	if err != nil || !ca.SamePublicKey(key.Public(), want.Public()) {
		t.Errorf("%s: the key is neither the plain nor the encrypted one: %v", d.point, err)
	}
	return true
}

// wantOnlyEncrypted expects that no file, the store's own included, has the plain key.
func (d *killedDir) wantOnlyEncrypted(t *testing.T, plain string) {
	t.Helper()
	if !d.wantUsableKey(t, plain) {
		t.Errorf("%s: the key is not encrypted", d.point)
	}
	secret := strings.Split(plain, "\n")[1]
	for name, data := range d.everything(t) {
		if strings.Contains(data, secret) {
			t.Errorf("%s: %s holds the plain key", d.point, name)
		}
	}
}
