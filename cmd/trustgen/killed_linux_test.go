package main

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

	"github.com/trustgen/trustgen/ca/store"
	"github.com/trustgen/trustgen/secrets"
)

// killedDir is a trust directory in which a command is killed.
type killedDir struct {
	work, dir string
	point     string
	before    map[string]string // its files before the command
	keys      map[string]bool   // and its keys
}

func newKilledDir(t *testing.T, template string) *killedDir {
	t.Helper()
	work, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(work, os.DirFS(template)); err != nil {
		t.Fatal(err)
	}
	d := &killedDir{work: work, dir: filepath.Join(work, "trust")}
	d.restoreModes(t, filepath.Join(template, "trust"))
	d.before = d.files(t)
	d.keys = keysOf(d.before)
	return d
}

// restoreModes gives the copy the modes of the original.
func (d *killedDir) restoreModes(t *testing.T, original string) {
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

// everything reads all files and folders, the store's own included; a folder has no
// data.
func (d *killedDir) everything(t *testing.T) map[string]string {
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

// files are those of the fabric.
func (d *killedDir) files(t *testing.T) map[string]string {
	t.Helper()
	found := d.everything(t)
	for name, data := range found {
		if data == "" || strings.HasPrefix(name, ".trustgen/") {
			delete(found, name)
		}
	}
	return found
}

// keysOf finds the private keys among files.
func keysOf(files map[string]string) map[string]bool {
	keys := make(map[string]bool)
	for name, data := range files {
		if strings.HasSuffix(name, "-key.pem") {
			keys[data] = true
		}
	}
	return keys
}

// committedKeys are those that must not be lost any more: of the fabric, and of a
// committed change that still waits.
func (d *killedDir) committedKeys(t *testing.T) map[string]bool {
	t.Helper()
	everything := d.everything(t)
	if _, committed := everything[commitRecord]; committed {
		return keysOf(everything)
	}
	return keysOf(d.files(t))
}

func (d *killedDir) wantKeys(t *testing.T, want map[string]bool) {
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

// wantMatchingSets reads the folders of the clusters without the program: what is
// there has to be whole and of one piece.
func (d *killedDir) wantMatchingSets(t *testing.T) {
	t.Helper()
	files := d.files(t)
	sets := make(map[string]map[string][]byte)
	for name := range d.everything(t) {
		if path.Dir(name) == "clusters" {
			sets[path.Base(name)] = make(map[string][]byte)
		}
	}
	for name, data := range files {
		if folder := path.Dir(name); path.Dir(folder) == "clusters" {
			sets[path.Base(folder)][path.Base(name)] = []byte(data)
		}
	}
	for cluster, set := range sets {
		want := len(secrets.FileNames())
		if _, published := set[secrets.CACRLFile]; published {
			want++
		}
		if len(set) != want {
			t.Errorf("%s: cluster %s has %d files", d.point, cluster, len(set))
		}
		if _, err := secrets.Parse(set); err != nil {
			t.Errorf("%s: cluster %s: %v", d.point, cluster, err)
		}
		if root, ok := files["root-cert.pem"]; ok && string(set[secrets.RootCertFile]) != root {
			t.Errorf("%s: cluster %s has another root", d.point, cluster)
		}
	}
}

// wantWhole expects that the killed command changed all of the directory or
// nothing. It reports which.
func (d *killedDir) wantWhole(t *testing.T, s killScenario) (finished bool) {
	t.Helper()
	files := d.files(t)
	switch {
	case len(files) == s.after:
		return true
	case s.finishes || len(files) != s.before:
		t.Errorf("%s: %d files, expected %d or %d", d.point, len(files), s.before, s.after)
	default:
		d.wantUnchanged(t)
	}
	return false
}

func (d *killedDir) wantUnchanged(t *testing.T) {
	t.Helper()
	if diff := cmp.Diff(d.before, d.files(t)); diff != "" {
		t.Errorf("%s: the files changed (-before +after):\n%s", d.point, diff)
	}
}

// wantListed expects of the list what the directory holds.
func (d *killedDir) wantListed(t *testing.T, list commandResult) {
	t.Helper()
	if _, ok := d.files(t)["root-cert.pem"]; !ok {
		list.wantAt(t, d.point, exitCouldNot)
		if !strings.Contains(list.errOut, "no root yet") {
			t.Errorf("%s: list: %s", d.point, list.errOut)
		}
		return
	}
	list.wantAt(t, d.point, exitFine)
	var result struct {
		Root     *struct{ Subject string }
		Clusters []struct{ Cluster, State string }
	}
	if err := json.Unmarshal([]byte(list.out), &result); err != nil || result.Root == nil || result.Root.Subject == "" {
		t.Errorf("%s: list: %v: %s", d.point, err, list.out)
	}
	var want, got []string
	for name := range d.everything(t) {
		if path.Dir(name) == "clusters" {
			want = append(want, path.Base(name)+" valid")
		}
	}
	for _, cluster := range result.Clusters {
		got = append(got, cluster.Cluster+" "+cluster.State)
	}
	slices.Sort(want)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s: list (-want +got):\n%s", d.point, diff)
	}
}

// wantComplete expects both clusters, and nothing that a killed command left.
func (d *killedDir) wantComplete(t *testing.T) {
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
	if err != nil || info.Mode() != fs.FileMode(store.Private) {
		t.Errorf("%s: the root's key: %v, %v", d.point, info, err)
	}
}
