package kill

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/trustgen/trustgen/secrets"
)

// directory is a trust directory in which the command of a scenario runs.
type directory struct {
	scenario
	work, dir string
	point     string            // where the command was killed
	before    map[string]string // files of the fabric before the command
	keys      map[string]bool   // private keys before the command
}

func newDirectory(t *testing.T, template string, s scenario) *directory {
	t.Helper()
	work, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(work, os.DirFS(template)); err != nil {
		t.Fatal(err)
	}
	for name, data := range s.files {
		if err := os.WriteFile(filepath.Join(work, name), []byte(data), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	d := &directory{scenario: s, work: work, dir: filepath.Join(work, "trust")}
	d.restoreModes(t, filepath.Join(template, "trust"))
	d.before = d.files(t)
	d.keys = keysOf(d.before)
	return d
}

// restoreModes gives the copy the modes of the original.
func (d *directory) restoreModes(t *testing.T, original string) {
	t.Helper()
	for name := range d.everything(t) {
		info, err := os.Stat(filepath.Join(original, name))
		if err == nil {
			err = os.Chmod(filepath.Join(d.dir, name), info.Mode().Perm())
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// everything returns all files and folders, including those of the store; a folder has no data.
func (d *directory) everything(t *testing.T) map[string]string {
	t.Helper()
	found := make(map[string]string)
	if _, err := os.Stat(d.dir); errors.Is(err, fs.ErrNotExist) {
		return found
	}
	tree := os.DirFS(d.dir)
	err := fs.WalkDir(tree, ".", func(name string, entry fs.DirEntry, err error) error {
		var data []byte
		if err == nil && !entry.IsDir() {
			data, err = fs.ReadFile(tree, name)
		}
		found[name] = string(data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// files returns the files of the fabric.
func (d *directory) files(t *testing.T) map[string]string {
	t.Helper()
	found := d.everything(t)
	for name, data := range found {
		if data == "" || strings.HasPrefix(name, ".trustgen/") {
			delete(found, name)
		}
	}
	return found
}

// keysOf returns the private keys in files.
func keysOf(files map[string]string) map[string]bool {
	keys := make(map[string]bool)
	for name, data := range files {
		if strings.HasSuffix(name, "-key.pem") {
			keys[data] = true
		}
	}
	return keys
}

// committedKeys returns the keys of the fabric, and those of a committed change that is not
// finished.
func (d *directory) committedKeys(t *testing.T) map[string]bool {
	t.Helper()
	everything := d.everything(t)
	if _, committed := everything[commitRecord]; committed {
		return keysOf(everything)
	}
	return keysOf(d.files(t))
}

func (d *directory) checkKeys(t *testing.T, want map[string]bool) {
	t.Helper()
	have := keysOf(d.files(t))
	lost := 0
	for key := range want {
		if !have[key] {
			lost++
		}
	}
	if lost > 0 {
		t.Errorf("%s: %d of %d keys are lost", d.point, lost, len(want))
	}
}

// checkBundles parses the CA bundles of the clusters: each has to be complete and consistent.
func (d *directory) checkBundles(t *testing.T) {
	t.Helper()
	files := d.files(t)
	bundles := make(map[string]map[string][]byte)
	for name := range d.everything(t) {
		if path.Dir(name) == "clusters" {
			bundles[path.Base(name)] = make(map[string][]byte)
		}
	}
	for name, data := range files {
		if folder := path.Dir(name); path.Dir(folder) == "clusters" {
			bundles[path.Base(folder)][path.Base(name)] = []byte(data)
		}
	}
	for cluster, bundle := range bundles {
		want := len(secrets.FileNames())
		if _, published := bundle[secrets.CACRLFile]; published {
			want++
		}
		if len(bundle) != want {
			t.Errorf("%s: cluster %s has %d files", d.point, cluster, len(bundle))
		}
		if _, err := secrets.Parse(bundle); err != nil {
			t.Errorf("%s: cluster %s: %v", d.point, cluster, err)
		}
		if root, ok := files["root-cert.pem"]; ok && string(bundle[secrets.RootCertFile]) != root {
			t.Errorf("%s: cluster %s has a different root", d.point, cluster)
		}
	}
}

// checkWhole expects that the killed command changed all of the directory or
// nothing. It reports which.
func (d *directory) checkWhole(t *testing.T) (finished bool) {
	t.Helper()
	files := d.files(t)
	switch {
	case len(files) == d.after:
		return true
	case d.committed || len(files) != d.scenario.before:
		t.Errorf("%s: %d files, want %d or %d", d.point, len(files), d.scenario.before, d.after)
	default:
		d.checkUnchanged(t)
	}
	return false
}

// checkCount expects the number of files after the command.
func (d *directory) checkCount(t *testing.T) {
	t.Helper()
	if got := len(d.files(t)); got != d.after {
		t.Errorf("%s: %d files, want %d", d.point, got, d.after)
	}
}

func (d *directory) checkUnchanged(t *testing.T) {
	t.Helper()
	if diff := cmp.Diff(d.before, d.files(t)); diff != "" {
		t.Errorf("%s: the files changed (-before +after):\n%s", d.point, diff)
	}
}

// checkListed compares the output of list with the directory.
func (d *directory) checkListed(t *testing.T, list result) {
	t.Helper()
	if _, ok := d.files(t)["root-cert.pem"]; !ok {
		list.want(t, d.point, exitNoResult)
		if !strings.Contains(list.errOut, "no root yet") {
			t.Errorf("%s: list: %s", d.point, list.errOut)
		}
		return
	}
	list.want(t, d.point, exitOK)
	var status struct {
		Root     *struct{ Subject string }
		Clusters []struct{ Cluster, State string }
	}
	if err := json.Unmarshal([]byte(list.out), &status); err != nil || status.Root == nil || status.Root.Subject == "" {
		t.Errorf("%s: list: %v: %s", d.point, err, list.out)
	}
	var want, got []string
	for name := range d.everything(t) {
		if path.Dir(name) == "clusters" {
			want = append(want, path.Base(name)+" valid")
		}
	}
	for _, cluster := range status.Clusters {
		got = append(got, cluster.Cluster+" "+cluster.State)
	}
	slices.Sort(want)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s: list (-want +got):\n%s", d.point, diff)
	}
}

// checkComplete expects both clusters, and no files of a killed command.
func (d *directory) checkComplete(t *testing.T) {
	t.Helper()
	everything := d.everything(t)
	for _, name := range []string{"fabric.yaml", "root-key.pem", "root-cert.pem", "clusters/east", "clusters/west"} {
		if _, ok := everything[name]; !ok {
			t.Errorf("%s: %s is missing", d.point, name)
		}
	}
	for name := range everything {
		if strings.HasPrefix(name, stagingFolder) || strings.HasPrefix(name, commitRecord) {
			t.Errorf("%s: %s is left over", d.point, name)
		}
	}
	info, err := os.Stat(filepath.Join(d.dir, "root-key.pem"))
	if err != nil || info.Mode() != 0o600 {
		t.Errorf("%s: the key of the root: %v, %v", d.point, info, err)
	}
}
