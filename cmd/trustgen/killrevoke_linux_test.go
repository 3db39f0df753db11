package main

import (
	"fmt"
	"path"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/trustgen/trustgen/ca"
	"github.com/trustgen/trustgen/secrets"
)

// TestKillRevoke does to the commands that revoke what TestKill does to the others: all
// clusters have the same set of CRLs, the old or the new one, and what is revoked stays so.
func TestKillRevoke(t *testing.T) {
	k := killer{binary: buildBinary(t)}
	begin := []string{"revoke", "--cluster", "east"}
	for name, s := range map[string]killScenario{
		"revoke that issues a successor, and publishes": {
			prepare: [][]string{issuance},
			args:    begin,
			before:  14, after: 21, points: 50,
		},
		"revoke that finishes": {
			prepare: [][]string{issuance, begin},
			args:    append(begin[:len(begin):len(begin)], "--finish"),
			before:  21, after: 21, points: 20,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			k.revocation(t, s)
		})
	}
}

func (k killer) revocation(t *testing.T, s killScenario) {
	template := k.template(t, s)
	undone, finished := 0, 0
	for n := 1; ; n++ {
		d := newKilledDir(t, template)
		d.point = fmt.Sprintf("killed at point %d", n)
		run := trace(t, d.work, append([]string{k.binary}, s.args...), atCall(n))
		d.wantMatchingSets(t)
		committed := d.committedKeys(t)
		k.run(t, d.work, "crl", "status").wantAt(t, d.point, exitFine) // which repairs the directory
		d.wantKeys(t, committed)
		d.wantMatchingSets(t)
		d.wantSameCRLs(t)
		files := len(d.files(t))
		switch changed := !cmp.Equal(d.before, d.files(t)); {
		case files != s.before && files != s.after || changed && files != s.after:
			t.Errorf("%s: %d files, expected %d or %d", d.point, files, s.before, s.after)
		case changed:
			finished++
		default:
			undone++
			k.run(t, d.work, s.args...).wantAt(t, d.point, exitFine)
			d.wantSameCRLs(t)
		}
		if !run.Killed {
			wantPoints(t, s, n-1)
			wantBoth(t, s, undone, finished)
			return
		}
		if t.Failed() {
			return
		}
	}
}

// wantSameCRLs expects the same set in every cluster, with the newest CRL of every CA that
// has a record.
func (d *killedDir) wantSameCRLs(t *testing.T) {
	t.Helper()
	files := d.files(t)
	var first string
	for name, data := range files {
		if path.Base(name) != secrets.CACRLFile || path.Dir(path.Dir(name)) != "clusters" {
			continue
		}
		if first == "" {
			first = data
		}
		if data != first {
			t.Errorf("%s: %s is another set than that of other clusters", d.point, name)
		}
	}
	if first == "" {
		return // not published yet
	}
	lists, err := ca.ParseCRLs([]byte(first))
	if records := countRecords(files); err != nil || len(lists) != records {
		t.Errorf("%s: %d CRLs in the set, and %d records: %v", d.point, len(lists), records, err)
	}
}

func countRecords(files map[string]string) int {
	n := 0
	for name := range files {
		if path.Dir(name) == "authorities" {
			n++
		}
	}
	return n
}
