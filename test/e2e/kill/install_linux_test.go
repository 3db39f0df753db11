package kill

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/trustgen/trustgen/ca"
)

// Commands that prepare a directory for install. The root is in another directory.
var (
	untilSigned = [][]string{
		{"init", "--dir", "root"},
		{"request", "--cluster", "east", "--out", "east.csr"},
		{"sign", "east.csr", "--dir", "root", "--cluster", "east", "--yes", "--out", "east.pem"},
	}
	untilRenewed = append(untilSigned[:3:3], [][]string{
		{"install", "east.pem", "--yes"},
		{"request", "--cluster", "east", "--out", "next.csr"},
		{"sign", "next.csr", "--dir", "root", "--cluster", "east", "--yes", "--out", "next.pem"},
	}...)
)

// TestKill_Install: the key of the request is never lost, the cluster has the complete old or
// new CA bundle, and the same command succeeds afterwards.
func TestKill_Install(t *testing.T) {
	t.Parallel()
	p := newProgram(t)
	for name, s := range map[string]scenario{
		"in a directory without a root": {
			prepare: untilSigned,
			args:    []string{"install", "east.pem", "--yes"},
			before:  2, after: 10,
		},
		"in place of a CA bundle": {
			prepare: untilRenewed,
			args:    []string{"install", "next.pem"},
			before:  12, after: 17,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s.points, s.undone, s.finished = 40, 5, 5
			s.ended = func(t *testing.T, d *directory, _ traced) { d.checkInstalled(t) }
			s.check = func(t *testing.T, d *directory) bool {
				d.checkBundles(t)
				d.checkKeys(t, d.keys)
				p.run(t, d.work, "list").want(t, d.point, exitOK)
				finished := d.checkWhole(t)
				d.checkBundles(t)
				d.checkKeys(t, d.keys)
				p.run(t, d.work, s.args...).want(t, d.point, exitOK)
				d.checkInstalled(t)
				return finished
			}
			p.everywhere(t, s)
		})
	}
}

// checkInstalled expects the response in the CA bundle of the cluster, and no request.
func (d *directory) checkInstalled(t *testing.T) {
	t.Helper()
	d.checkBundles(t)
	d.checkKeys(t, d.keys)
	d.checkCount(t)
	files := d.files(t)
	if _, waits := files["requests/east/ca-key.pem"]; waits {
		t.Errorf("%s: the request is still there", d.point)
	}
	response, err := os.ReadFile(filepath.Join(d.work, d.args[1]))
	if err != nil {
		t.Fatal(err)
	}
	certs, err := ca.ParseCertificates(response)
	if err != nil {
		t.Fatal(err)
	}
	if files["clusters/east/ca-cert.pem"] != string(ca.MarshalCertificates(certs[0])) {
		t.Errorf("%s: the cluster has another certificate", d.point)
	}
}
