package fabric_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/trustgen/trustgen/ca"
	"github.com/trustgen/trustgen/ca/catest"
	"github.com/trustgen/trustgen/secrets/fabric"
)

const passphrase = "correct horse"

// person gives a passphrase, and remembers for which files.
type person struct {
	answer   string
	err      error
	during   func()
	prompted []string
	answers  [][]byte
}

func (p *person) passphrase(_ context.Context, keyFile string) ([]byte, error) {
	p.prompted = append(p.prompted, filepath.Base(keyFile))
	if p.during != nil {
		p.during()
	}
	if p.err != nil {
		return nil, p.err
	}
	answer := []byte(p.answer)
	p.answers = append(p.answers, answer)
	return answer, nil
}

func (p *person) requirePrompted(t *testing.T, keyFiles ...string) {
	t.Helper()
	if got, want := strings.Join(p.prompted, " "), strings.Join(keyFiles, " "); got != want {
		t.Errorf("prompts were for %q, want %q", got, want)
	}
	for _, answer := range p.answers {
		if !bytes.Equal(answer, make([]byte, len(answer))) {
			t.Errorf("the passphrase %q is left in memory", answer)
		}
	}
	p.prompted, p.answers = nil, nil
}

// openWithPassphrase opens a directory for a person who knows the passphrase.
func openWithPassphrase(t *testing.T, dir string, p *person) *fabric.Fabric {
	t.Helper()
	return catest.Must(fabric.Open(t.Context(), dir, fabric.Options{Now: catest.Now, Passphrase: p.passphrase}))(t)
}

// openEncrypted is a fabric whose root has an encrypted key. The key was encrypted with few rounds,
// because those of package ca take a second under the race detector:
//
//	openssl pkcs8 -topk8 -v2 aes-256-cbc -v2prf hmacWithSHA256 -iter 1000
func openEncrypted(t *testing.T) (*fabric.Fabric, *person) {
	t.Helper()
	f, p := open(t, newClock()), &person{answer: passphrase}
	fabric.SetGenerateKey(f, fixedKeys("root"))
	catest.Must(f.Init(t.Context(), fabric.InitOptions{}))(t)
	overwrite(t, f.RootKeyPath(), catest.Must(os.ReadFile("testdata/encrypted-root-key.pem"))(t))
	return openWithPassphrase(t, f.Dir(), p), p
}

func TestEnsure_RequestsThePassphraseOnlyToIssue(t *testing.T) {
	t.Parallel()
	f, p := openEncrypted(t)
	ensure(t, f, fabric.EnsureOptions{}, "east", "west", "north")
	p.requirePrompted(t, "root-key.pem")
	ensure(t, f, fabric.EnsureOptions{}, "east", "west")
	p.requirePrompted(t)
	catest.Must(f.Status(t.Context()))(t)
	catest.Must(f.Bundle(t.Context(), "east"))(t)
	p.requirePrompted(t)
	ensure(t, f, fabric.EnsureOptions{Renew: true}, "east")
	p.requirePrompted(t, "root-key.pem")
	ensure(t, f, fabric.EnsureOptions{Renew: true, DryRun: true}, "east")
	p.requirePrompted(t, "root-key.pem")
}

func TestEnsure_RequestsNoPassphraseForAPlainKey(t *testing.T) {
	t.Parallel()
	p := &person{answer: passphrase}
	f := openWithPassphrase(t, filepath.Join(t.TempDir(), "trust"), p)
	ensure(t, f, fabric.EnsureOptions{}, "east")
	p.requirePrompted(t)
}

func TestEnsure_EncryptsTheKeyOfANewRoot(t *testing.T) {
	t.Parallel()
	p := &person{answer: passphrase}
	f := openWithPassphrase(t, filepath.Join(t.TempDir(), "trust"), p)
	o := fabric.EnsureOptions{Root: fabric.RootOptions{NewPassphrase: p.passphrase}}
	dry := o
	dry.DryRun = true
	ensure(t, f, dry, "east")
	p.requirePrompted(t)
	ensure(t, f, o, "east")
	p.requirePrompted(t, "root-key.pem")
	if key := string(readFile(t, f, "root-key.pem")); !strings.HasPrefix(key, "-----BEGIN ENCRYPTED PRIVATE KEY-----") {
		t.Errorf("the key is %q", key)
	}
}

// requireUnlocked uses the directory from another fabric.
func requireUnlocked(t *testing.T, f *fabric.Fabric) {
	t.Helper()
	other := catest.Must(fabric.Open(t.Context(), f.Dir(), fabric.Options{Now: catest.Now, LockTimeout: time.Minute}))(t)
	if _, err := other.Status(t.Context()); err != nil {
		t.Errorf("while the person types: %v", err)
	}
}

func TestEnsure_DoesNotLockWhileAPersonTypes(t *testing.T) {
	t.Parallel()
	f, p := openEncrypted(t)
	p.during = func() { requireUnlocked(t, f) }
	ensure(t, f, fabric.EnsureOptions{}, "east")
	p.requirePrompted(t, "root-key.pem")

}

func TestEnsure_WrongPassphraseChangesNothing(t *testing.T) {
	t.Parallel()
	f, _ := openEncrypted(t)
	refused := errors.New("canceled by the person")
	tests := map[string]struct {
		password fabric.Passphrase
		want     error
	}{
		"nobody to ask":                 {nil, fabric.ErrPassphraseMissing},
		"another passphrase":            {(&person{answer: "battery staple"}).passphrase, ca.ErrWrongPassword},
		"an empty passphrase":           {(&person{}).passphrase, ca.ErrEmptyPassword},
		"no passphrase from the person": {(&person{err: refused}).passphrase, refused},
		"the context ends meanwhile":    {(&person{err: context.Canceled}).passphrase, context.Canceled},
	}
	before := tree(t, f.Dir())
	for name, test := range tests {
		other := catest.Must(fabric.Open(t.Context(), f.Dir(), fabric.Options{Now: catest.Now, Passphrase: test.password}))(t)
		_, err := other.Ensure(t.Context(), []string{"east"}, fabric.EnsureOptions{})
		if !errors.Is(err, test.want) || !strings.Contains(err.Error(), "root-key.pem") {
			t.Errorf("%s: got the error %v, want %v with the file", name, err, test.want)
		}
	}
	unchanged(t, f.Dir(), before)
}

func TestInit_RefusesAShortPassphrase(t *testing.T) {
	t.Parallel()
	refused := errors.New("canceled by the person")
	for name, test := range map[string]struct {
		person person
		want   error
	}{
		"seven characters":                 {person{answer: "seven77"}, fabric.ErrPassphraseShort},
		"seven characters of eight octets": {person{answer: "sevenü7"}, fabric.ErrPassphraseShort},
		"none":                             {person{}, ca.ErrEmptyPassword},
		"no passphrase from the person":    {person{err: refused}, refused},
	} {
		f := open(t, newClock())
		_, err := f.Init(t.Context(), fabric.InitOptions{RootOptions: fabric.RootOptions{NewPassphrase: test.person.passphrase}})
		if !errors.Is(err, test.want) || !strings.Contains(err.Error(), "root-key.pem") {
			t.Errorf("%s: got the error %v, want %v with the file", name, err, test.want)
		}
		if _, err := os.Stat(f.Dir()); !os.IsNotExist(err) {
			t.Errorf("%s: the directory is there", name)
		}
	}
}

func TestEncrypt_ReplacesThePlainKey(t *testing.T) {
	t.Parallel()
	f := open(t, newClock())
	ensure(t, f, fabric.EnsureOptions{}, "east")
	before := tree(t, f.Dir())
	plain := before["root-key.pem"]
	p := &person{answer: passphrase}
	dry := catest.Must(f.Encrypt(t.Context(), fabric.EncryptOptions{NewPassphrase: p.passphrase, DryRun: true}))(t)
	p.requirePrompted(t)
	unchanged(t, f.Dir(), before)
	p.during = func() { requireUnlocked(t, f) }
	done := catest.Must(f.Encrypt(t.Context(), fabric.EncryptOptions{NewPassphrase: p.passphrase}))(t)
	p.requirePrompted(t, "root-key.pem")
	if done.KeyPath != f.RootKeyPath() || done != dry || !strings.HasPrefix(done.Certificate.Subject, "root ") {
		t.Errorf("got %+v, by a dry run %+v", done, dry)
	}
	after := tree(t, f.Dir())
	secret := strings.Split(plain, "\n")[2]
	for name, data := range after {
		if strings.Contains(data, secret) {
			t.Errorf("%s holds the plain key", name)
		}
	}
	if len(after) != len(before) || !strings.HasPrefix(after["root-key.pem"], "-rw-------\n-----BEGIN ENCRYPTED") {
		t.Errorf("%d files, before there were %d; the key is %q", len(after), len(before), after["root-key.pem"])
	}
	ensure(t, openWithPassphrase(t, f.Dir(), p), fabric.EnsureOptions{}, "west")
}

func TestEncrypt_RefusesAndChangesNothing(t *testing.T) {
	t.Parallel()
	good := (&person{answer: passphrase}).passphrase
	encrypted, _ := openEncrypted(t)
	plain := func(change func(f *fabric.Fabric)) *fabric.Fabric {
		f := open(t, newClock())
		catest.Must(f.Init(t.Context(), fabric.InitOptions{}))(t)
		change(f)
		return f
	}
	key := func(data []byte) func(*fabric.Fabric) {
		return func(f *fabric.Fabric) {
			if err := os.WriteFile(f.RootKeyPath(), data, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	same := func(*fabric.Fabric) {}
	for name, test := range map[string]struct {
		f        *fabric.Fabric
		password fabric.Passphrase
		want     error
		text     string
	}{
		"no root":                       {open(t, newClock()), good, fabric.ErrNoRoot, ""},
		"an encrypted key":              {encrypted, good, fabric.ErrKeyEncrypted, "root-key.pem"},
		"no key":                        {plain(func(f *fabric.Fabric) { _ = os.Remove(f.RootKeyPath()) }), good, fabric.ErrKeyMissing, "root-key.pem"},
		"the key of another":            {plain(key(catest.Must(ca.MarshalKey(catest.Key("other")))(t))), good, ca.ErrKeyMismatch, "root-key.pem"},
		"a key that is damaged":         {plain(key([]byte("damaged"))), good, nil, "root-key.pem: text that is not PEM"},
		"no passphrase":                 {plain(same), nil, fabric.ErrNewPassphraseMissing, "root-key.pem"},
		"a short passphrase":            {plain(same), (&person{answer: "short"}).passphrase, fabric.ErrPassphraseShort, "root-key.pem"},
		"no passphrase from the person": {plain(same), (&person{err: context.Canceled}).passphrase, context.Canceled, "root-key.pem"},
	} {
		before := tree(t, test.f.Dir())
		_, err := test.f.Encrypt(t.Context(), fabric.EncryptOptions{NewPassphrase: test.password})
		if err == nil || test.want != nil && !errors.Is(err, test.want) || !strings.Contains(err.Error(), test.text) {
			t.Errorf("%s: got the error %v, want %v with %q", name, err, test.want, test.text)
		}
		unchanged(t, test.f.Dir(), before)
	}
}

// TestEncrypt_ReadsTheKeyAgainAfterThePassphrase removes the key while a person types.
func TestEncrypt_ReadsTheKeyAgainAfterThePassphrase(t *testing.T) {
	t.Parallel()
	f := open(t, newClock())
	catest.Must(f.Init(t.Context(), fabric.InitOptions{}))(t)
	p := &person{answer: passphrase, during: func() { _ = os.Remove(f.RootKeyPath()) }}
	if _, err := f.Encrypt(t.Context(), fabric.EncryptOptions{NewPassphrase: p.passphrase}); !errors.Is(err, fabric.ErrKeyMissing) {
		t.Errorf("got the error %v, want ErrKeyMissing", err)
	}
}
