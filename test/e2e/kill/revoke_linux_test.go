package kill

import (
	"path"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/trustgen/trustgen/ca"
	"github.com/trustgen/trustgen/secrets"
)

// TestKill_Revoke: all clusters have the same CRL bundle, the old or the new one, and a revoked
// certificate stays revoked.
func TestKill_Revoke(t *testing.T) {
	t.Parallel()
	p := newProgram(t)
	first := []string{"revoke", "--cluster", "east"}
	for name, s := range map[string]scenario{
		"revoke that issues a successor, and publishes": {
			prepare: [][]string{issuance},
			args:    first,
			before:  14, after: 21, points: 50,
		},
		"revoke that finishes": {
			prepare: [][]string{issuance, first},
			args:    append(first[:len(first):len(first)], "--finish"),
			before:  21, after: 21, points: 20,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s.undone, s.finished = 5, 5
			s.check = func(t *testing.T, d *directory) (changed bool) {
				d.checkBundles(t)
				committed := d.committedKeys(t)
				p.run(t, d.work, "crl", "status").want(t, d.point, exitOK) // repairs the directory
				d.checkKeys(t, committed)
				d.checkBundles(t)
				d.checkSameCRLs(t)
				if changed = !cmp.Equal(d.before, d.files(t)); changed {
					d.checkCount(t)
					return true
				}
				p.run(t, d.work, s.args...).want(t, d.point, exitOK)
				d.checkSameCRLs(t)
				return false
			}
			s.ended = func(t *testing.T, d *directory, _ traced) {
				if !s.check(t, d) {
					t.Error("nothing was changed")
				}
			}
			p.everywhere(t, s)
		})
	}
}

// checkSameCRLs expects the same CRL bundle in every cluster, with the newest CRL of every CA
// that has a record.
func (d *directory) checkSameCRLs(t *testing.T) {
	t.Helper()
	files := d.files(t)
	var first string
	records := 0
	for name, data := range files {
		if path.Dir(name) == "authorities" {
			records++
		}
		if path.Base(name) != secrets.CACRLFile || path.Dir(path.Dir(name)) != "clusters" {
			continue
		}
		if first == "" {
			first = data
		}
		if data != first {
			t.Errorf("%s: %s differs from that of other clusters", d.point, name)
		}
	}
	if first == "" {
		return // not published yet
	}
	if lists, err := ca.ParseCRLs([]byte(first)); err != nil || len(lists) != records {
		t.Errorf("%s: %d CRLs in the bundle, and %d records: %v", d.point, len(lists), records, err)
	}
}
