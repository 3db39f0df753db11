package main

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/trustgen/trustgen/ca"
)

// Commands that bring a directory to where the answer to its request can be installed. The
// root is in another directory.
var (
	untilAnswered = [][]string{
		{"init", "--dir", "root"},
		{"request", "--cluster", "east", "--out", "east.csr"},
		{"sign", "east.csr", "--dir", "root", "--cluster", "east", "--yes", "--out", "east.pem"},
	}
	untilRenewed = append(untilAnswered[:3:3], [][]string{
		{"install", "east.pem", "--yes"},
		{"request", "--cluster", "east", "--out", "next.csr"},
		{"sign", "next.csr", "--dir", "root", "--cluster", "east", "--yes", "--out", "next.pem"},
	}...)
)

// TestKillInstall does to install what TestKill does to the others: the key of the request
// is never lost, the set of the cluster is the old or the new one, whole, and the same
// command once more ends well.
func TestKillInstall(t *testing.T) {
	k := killer{binary: buildBinary(t)}
	for name, s := range map[string]killScenario{
		"in a directory without a root": {
			prepare: untilAnswered,
			args:    []string{"install", "east.pem", "--yes"},
			before:  2, after: 10, points: 40,
		},
		"in place of a set": {
			prepare: untilRenewed,
			args:    []string{"install", "next.pem"},
			before:  12, after: 17, points: 40,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			k.installation(t, s)
		})
	}
}

func (k killer) installation(t *testing.T, s killScenario) {
	template := k.template(t, s)
	undone, finished := 0, 0
	for n := 1; ; n++ {
		d := newKilledDir(t, template)
		d.point = fmt.Sprintf("killed at point %d", n)
		run := trace(t, d.work, append([]string{k.binary}, s.args...), atCall(n))
		if !run.Killed {
			d.wantInstalled(t, s)
			wantPoints(t, s, n-1)
			wantBoth(t, s, undone, finished)
			return
		}
		d.wantMatchingSets(t)
		d.wantKeys(t, d.keys)
		k.run(t, d.work, "list").wantAt(t, d.point, exitFine)
		if d.wantWhole(t, s) {
			finished++
		} else {
			undone++
		}
		d.wantMatchingSets(t)
		d.wantKeys(t, d.keys)
		k.run(t, d.work, s.args...).wantAt(t, d.point, exitFine)
		d.wantInstalled(t, s)
		if t.Failed() {
			return // the other points would say the same
		}
		if err := os.RemoveAll(d.work); err != nil {
			t.Fatal(err)
		}
	}
}

// wantInstalled expects the answer in the set of the cluster, and nothing that waits.
func (d *killedDir) wantInstalled(t *testing.T, s killScenario) {
	t.Helper()
	d.wantMatchingSets(t)
	d.wantKeys(t, d.keys)
	files := d.files(t)
	if len(files) != s.after {
		t.Errorf("%s: %d files, expected %d", d.point, len(files), s.after)
	}
	if _, waits := files["requests/east/ca-key.pem"]; waits {
		t.Errorf("%s: the request still waits", d.point)
	}
	answer, err := os.ReadFile(filepath.Join(d.work, s.args[1]))
	if err != nil {
		t.Fatal(err)
	}
	certs, err := ca.ParseCertificates(answer)
	if err != nil {
		t.Fatal(err)
	}
	if files["clusters/east/ca-cert.pem"] != string(ca.MarshalCertificates(certs[0])) {
		t.Errorf("%s: the cluster has another certificate", d.point)
	}
}
