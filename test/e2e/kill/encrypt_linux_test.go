package kill

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestKill_Encrypt kills "init --encrypt". At any time the directory has the complete plain key
// or the complete encrypted one. With the encrypted key no file contains the plain one.
func TestKill_Encrypt(t *testing.T) {
	t.Parallel()
	p := newProgram(t)
	args := []string{"init", "--encrypt", "--password-file", "passphrase"}
	p.everywhere(t, scenario{
		prepare: [][]string{{"init"}},
		files:   map[string]string{"passphrase": "correct horse\n"},
		args:    args,
		check: func(t *testing.T, d *directory) bool {
			d.checkUsableKey(t, p)
			p.run(t, d.work, "list").want(t, d.point, exitOK)
			encrypted := d.checkUsableKey(t, p)
			if !encrypted {
				d.checkUnchanged(t)
				p.run(t, d.work, args...).want(t, d.point, exitOK)
			}
			d.checkOnlyEncrypted(t, p)
			return encrypted
		},
		ended: func(t *testing.T, d *directory, _ traced) {
			d.checkOnlyEncrypted(t, p)
			p.run(t, d.work, append(slices.Clone(issuance), "--password-file", "passphrase")...).want(t, d.point, exitOK)
			d.checkComplete(t)
		},
		points: 12, undone: 5, finished: 2,
	})
}

const rootKeyFile = "root-key.pem"

// checkUsableKey expects the same key, plain or encrypted with the passphrase, and reports
// whether it is encrypted.
func (d *directory) checkUsableKey(t *testing.T, p program) (encrypted bool) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(d.dir, rootKeyFile))
	if err != nil {
		t.Fatal(err)
	}
	if string(data) == d.before[rootKeyFile] {
		return false
	}
	// The command decrypts the key, and compares it with its certificate.
	p.run(t, d.work, "intermediate", "--cluster", "probe", "--dry-run", "--password-file", "passphrase").want(t, d.point, exitOK)
	return true
}

// checkOnlyEncrypted expects that no file contains the plain key, including files of the store.
func (d *directory) checkOnlyEncrypted(t *testing.T, p program) {
	t.Helper()
	if !d.checkUsableKey(t, p) {
		t.Errorf("%s: the key is not encrypted", d.point)
	}
	secret := strings.Split(d.before[rootKeyFile], "\n")[1]
	for name, data := range d.everything(t) {
		if strings.Contains(data, secret) {
			t.Errorf("%s: %s has the plain key", d.point, name)
		}
	}
}
