package istiod

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestVolume_HoldsLastWrite(t *testing.T) {
	v := volume(filepath.Join(t.TempDir(), "etc/cacerts"))
	for _, files := range []map[string][]byte{
		{"ca-cert.pem": []byte("one"), "ca-key.pem": []byte("one")},
		{"ca-cert.pem": []byte("two"), "ca-crl.pem": []byte("two")},
		{},
	} {
		if err := v.write(files); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(files, read(t, v)); diff != "" {
			t.Errorf("the volume's files (-want +got):\n%s", diff)
		}
	}
}

func TestVolume_RemovesOldFiles(t *testing.T) {
	v := volume(t.TempDir())
	for range 3 {
		if err := v.write(map[string][]byte{"ca-key.pem": []byte("secret")}); err != nil {
			t.Fatal(err)
		}
	}
	entries, err := os.ReadDir(string(v))
	if err != nil {
		t.Fatal(err)
	}
	if len(entries) != 3 { // ..data, its target, and ca-key.pem
		t.Errorf("the volume holds %v, want 3 entries", entries)
	}
}

// read returns the files of the volume without the kubelet's own.
func read(t *testing.T, v volume) map[string][]byte {
	t.Helper()
	paths, err := filepath.Glob(v.path("[^.]*"))
	if err != nil {
		t.Fatal(err)
	}
	files := make(map[string][]byte)
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		files[filepath.Base(path)] = data
	}
	return files
}
