package fabric_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/trustgen/trustgen/ca"
	"github.com/trustgen/trustgen/ca/catest"
	"github.com/trustgen/trustgen/ca/store"
	"github.com/trustgen/trustgen/secrets/fabric"
	"github.com/trustgen/trustgen/secrets/mesh"
)

// damage replaces a file of a cluster, or removes it.
func damage(t *testing.T, f *fabric.Fabric, cluster, name string, data []byte) {
	t.Helper()
	overwrite(t, filepath.Join(f.ClusterPath(cluster), name), data)
}

func overwrite(t *testing.T, path string, data []byte) {
	t.Helper()
	err := os.Remove(path)
	if err == nil && data != nil {
		err = os.WriteFile(path, data, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func TestEnsure_RenewsADamagedBundleOnlyOnRequest(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		harm func(*testing.T, *fabric.Fabric)
		want string
	}{
		"a missing key":      {func(t *testing.T, f *fabric.Fabric) { damage(t, f, "east", "ca-key.pem", nil) }, "ca-key.pem is missing"},
		"an empty chain":     {func(t *testing.T, f *fabric.Fabric) { damage(t, f, "east", "cert-chain.pem", []byte{}) }, "cert-chain.pem: no PEM block"},
		"junk":               {func(t *testing.T, f *fabric.Fabric) { damage(t, f, "east", "root-cert.pem", []byte("junk")) }, "root-cert.pem: text that is not PEM"},
		"the key of another": {func(t *testing.T, f *fabric.Fabric) { damage(t, f, "east", "ca-key.pem", marshalKey(t)) }, "the key does not belong to the certificate of east"},
		"an empty folder": {func(t *testing.T, f *fabric.Fabric) {
			for _, name := range []string{"ca-cert.pem", "ca-key.pem", "cert-chain.pem", "root-cert.pem"} {
				damage(t, f, "east", name, nil)
			}
		}, "cert-chain.pem is missing"},
		"a key that others can read": {func(t *testing.T, f *fabric.Fabric) {
			if err := os.Chmod(filepath.Join(f.ClusterPath("east"), "ca-key.pem"), 0o640); err != nil {
				t.Fatal(err)
			}
		}, "chmod 600"},
		"the CA bundle of another fabric": {func(t *testing.T, f *fabric.Fabric) {
			other := open(t, newClock())
			ensure(t, other, fabric.EnsureOptions{}, "east")
			if err := os.RemoveAll(f.ClusterPath("east")); err != nil {
				t.Fatal(err)
			}
			if err := os.Rename(other.ClusterPath("east"), f.ClusterPath("east")); err != nil {
				t.Fatal(err)
			}
		}, "is not the root of this fabric"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := open(t, newClock())
			ensure(t, f, fabric.EnsureOptions{}, "east", "west")
			test.harm(t, f)
			before := tree(t, f.Dir())
			_, err := f.Ensure(t.Context(), []string{"east"}, fabric.EnsureOptions{})
			requireDamaged(t, err, f, test.want)
			_, err = f.Bundle(t.Context(), "east")
			requireDamaged(t, err, f, test.want)
			status := catest.Must(f.Status(t.Context()))(t)
			requireDamaged(t, status.Clusters[0].Err, f, test.want)
			if status.Clusters[1].Err != nil {
				t.Errorf("west is damaged too: %v", status.Clusters[1].Err)
			}
			unchanged(t, f.Dir(), before)
			if got := ensure(t, f, fabric.EnsureOptions{Renew: true}, "east").Clusters[0].Action; got != fabric.Renewed {
				t.Errorf("on request it is %s", got)
			}
			catest.Must(f.Bundle(t.Context(), "east"))(t)
		})
	}
}

func requireDamaged(t *testing.T, err error, f *fabric.Fabric, text string) {
	t.Helper()
	var damaged *fabric.DamagedError
	if !errors.As(err, &damaged) || damaged.Cluster != "east" {
		t.Fatalf("got the error %v, want a DamagedError of east", err)
	}
	for _, want := range []string{text, f.ClusterPath("east")} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("the error %q does not say %q", err, want)
		}
	}
}

func marshalKey(t *testing.T) []byte {
	t.Helper()
	return catest.Must(ca.MarshalKey(catest.Key("other")))(t)
}

func TestEnsure_KeepsABundleInARenamedFolder(t *testing.T) {
	t.Parallel()
	f := open(t, newClock())
	ensure(t, f, fabric.EnsureOptions{}, "east")
	if err := os.Rename(f.ClusterPath("east"), f.ClusterPath("renamed")); err != nil {
		t.Fatal(err)
	}
	if got := ensure(t, f, fabric.EnsureOptions{}, "renamed").Clusters[0].Action; got != fabric.Kept {
		t.Errorf("a renamed folder is %s", got)
	}
}

func TestEnsure_NamesADamagedRootAndChangesNothing(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		file string
		data func(*testing.T) []byte
		want string
		is   error
	}{
		"the root is gone":              {"root-cert.pem", nil, "root-cert.pem is missing, though there is root-key.pem", nil},
		"the root is junk":              {"root-cert.pem", func(*testing.T) []byte { return []byte("junk") }, "root-cert.pem: text that is not PEM", nil},
		"the root is a key":             {"root-cert.pem", marshalKey, "root-cert.pem: PEM block 1 is a PRIVATE KEY", nil},
		"the key is gone":               {"root-key.pem", nil, "root-key.pem: the key of the CA that issues is not in this directory", fabric.ErrKeyMissing},
		"the key is junk":               {"root-key.pem", func(*testing.T) []byte { return []byte("junk") }, "root-key.pem: text that is not PEM", nil},
		"the key is that of another CA": {"root-key.pem", marshalKey, "the key does not belong to the certificate of root", nil},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := open(t, newClock())
			ensure(t, f, fabric.EnsureOptions{}, "east")
			var data []byte
			if test.data != nil {
				data = test.data(t)
			}
			overwrite(t, filepath.Join(f.Dir(), test.file), data)
			before := tree(t, f.Dir())
			_, err := f.Ensure(t.Context(), []string{"west"}, fabric.EnsureOptions{})
			if err == nil || !strings.Contains(err.Error(), test.want) || !strings.Contains(err.Error(), f.Dir()) {
				t.Errorf("got the error %v, want one with %q and the directory", err, test.want)
			}
			if test.is != nil && !errors.Is(err, test.is) {
				t.Errorf("the error %v is not %v", err, test.is)
			}
			unchanged(t, f.Dir(), before)
		})
	}
}

func TestEnsure_NeedsTheRootKeyOnlyToIssue(t *testing.T) {
	t.Parallel()
	f := open(t, newClock())
	ensure(t, f, fabric.EnsureOptions{}, "east")
	if err := os.Remove(f.RootKeyPath()); err != nil {
		t.Fatal(err)
	}
	if got := ensure(t, f, fabric.EnsureOptions{}, "east").Clusters[0].Action; got != fabric.Kept {
		t.Errorf("a valid intermediate is %s", got)
	}
	catest.Must(f.Status(t.Context()))(t)
	catest.Must(f.Bundle(t.Context(), "east"))(t)
}

func TestLoad_NamesADamagedConfiguration(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		data []byte
		want string
	}{
		"it is gone":              {nil, "fabric.yaml: no such file"},
		"it is junk":              {[]byte("junk"), "fabric.yaml is damaged"},
		"a field is misspelt":     {[]byte("trustdomian: a"), "fabric.yaml is damaged"},
		"an invalid trust domain": {[]byte("trustDomain: A/b"), "fabric.yaml: trust domain \"A/b\" is not a host"},
	} {
		f := open(t, newClock())
		ensure(t, f, fabric.EnsureOptions{}, "east")
		overwrite(t, filepath.Join(f.Dir(), "fabric.yaml"), test.data)
		if _, err := f.Status(t.Context()); err == nil || !strings.Contains(err.Error(), test.want) || !strings.Contains(err.Error(), f.Dir()) {
			t.Errorf("%s: got the error %v, want one with %q", name, err, test.want)
		}
	}
}

func TestLoad_RefusesTwoRoots(t *testing.T) {
	t.Parallel()
	f := open(t, newClock())
	ensure(t, f, fabric.EnsureOptions{}, "east")
	chain := catest.Must(os.ReadFile(filepath.Join(f.ClusterPath("east"), "cert-chain.pem")))(t)
	overwrite(t, filepath.Join(f.Dir(), "root-cert.pem"), chain)
	if _, err := f.Status(t.Context()); err == nil || !strings.Contains(err.Error(), "2 certificates, expected one root") {
		t.Errorf("got the error %v", err)
	}
}

func TestEnsure_RefusesInvalidClusterNames(t *testing.T) {
	t.Parallel()
	tests := map[string]string{
		"":          "is empty",
		"../../etc": "has characters other than",
		"East":      "has characters other than",
		"-east":     "begins or ends with a dash",
	}
	f := open(t, newClock())
	for name, want := range tests {
		_, err := f.Ensure(t.Context(), []string{"east", name}, fabric.EnsureOptions{})
		var bad *mesh.ClusterNameError
		if !errors.As(err, &bad) || bad.Name != name || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got the error %v, want a ClusterNameError with %q", name, err, want)
		}
	}
	if _, err := f.Ensure(t.Context(), []string{"east", "east"}, fabric.EnsureOptions{}); err == nil || !strings.Contains(err.Error(), "is given twice") {
		t.Errorf("the same cluster twice: %v", err)
	}
	if _, err := f.Ensure(t.Context(), nil, fabric.EnsureOptions{}); err == nil {
		t.Error("no cluster at all is no error")
	}
	unchanged(t, f.Dir(), map[string]string{})
}

func TestBundle_SaysThatThereIsNoRootOrNoCluster(t *testing.T) {
	t.Parallel()
	f := open(t, newClock())
	if _, err := f.Status(t.Context()); !errors.Is(err, fabric.ErrNoRoot) {
		t.Errorf("Status: got the error %v, want ErrNoRoot", err)
	}
	if _, err := f.Bundle(t.Context(), "east"); !errors.Is(err, fabric.ErrNoRoot) {
		t.Errorf("Bundle: got the error %v, want ErrNoRoot", err)
	}
	ensure(t, f, fabric.EnsureOptions{}, "east")
	var unknown *fabric.UnknownClusterError
	if _, err := f.Bundle(t.Context(), "west"); !errors.As(err, &unknown) || unknown.Cluster != "west" {
		t.Errorf("Bundle: got the error %v, want an UnknownClusterError of west", err)
	}
	if _, err := f.Bundle(t.Context(), "../east"); err == nil {
		t.Error("Bundle accepts a path as a name")
	}
}

func TestOpen_RefusesADirectoryThatOthersCanRead(t *testing.T) {
	t.Parallel()
	dir := t.TempDir() // 0755
	_, err := fabric.Open(t.Context(), dir, fabric.Options{})
	var mode *store.ModeError
	if !errors.As(err, &mode) || !strings.Contains(err.Error(), "chmod 700 "+dir) {
		t.Errorf("got the error %v, want a ModeError with the chmod", err)
	}
}
