//go:build linux

package bench

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/trustgen/trustgen/secrets/fabric"
)

const (
	importRounds = 5
	importedCAs  = 600
)

// BenchmarkImport holds an import of the certificates and CRLs of a large mesh, which looks at
// them twice and writes nothing, against crypto/x509 that verifies each signature once. Where
// the CAs are compared with each other the ratio grows with their number.
func BenchmarkImport(b *testing.B) {
	e, beside := newImport(b)
	measured := interleave(importRounds,
		func() float64 { return importOnce(b, beside, e) },
		func() float64 { return verifyOnce(b, e) })
	imported, bare := series(measured[0]), series(measured[1])
	ratios := imported.over(bare)
	report(b, ratios, "times-bare")
	say(b, "import of %d CAs: %v s, their signatures alone: %v s", importedCAs, imported, bare)
	say(b, "%s", atMost(10, "times the signatures").judge(ratios))
}

// newImport is what the directory of a root says, and one beside a cluster that does not know
// it yet.
func newImport(b *testing.B) (fabric.Exchange, *fabric.Fabric) {
	dir, remove := freshDir(b, ramDir(b))
	b.Cleanup(remove)
	open := func(name string) *fabric.Fabric {
		f, err := fabric.Open(b.Context(), filepath.Join(dir, name), fabric.Options{})
		must(b, err)
		return f
	}
	root, beside := open("root"), open("beside")
	_, err := root.Init(b.Context(), fabric.InitOptions{})
	must(b, err)
	request, err := beside.Request(b.Context(), "beside", fabric.RequestOptions{})
	must(b, err)
	signed, err := root.Sign(b.Context(), request.CSR, fabric.SignOptions{Cluster: "beside"})
	must(b, err)
	_, err = beside.Install(b.Context(), signed.Answer, fabric.InstallOptions{Root: signed.Answer.Certificates[1]})
	must(b, err)
	_, err = root.Ensure(b.Context(), clusterNames(importedCAs), fabric.EnsureOptions{})
	must(b, err)
	e, err := root.Exchange(b.Context())
	must(b, err)
	return e, beside
}

func importOnce(b *testing.B, f *fabric.Fabric, e fabric.Exchange) float64 {
	begin := time.Now()
	done, err := f.ImportCRLs(b.Context(), e, fabric.ImportCRLsOptions{DryRun: true})
	took := time.Since(begin).Seconds()
	must(b, err)
	if len(done.Learned) != importedCAs {
		b.Fatalf("%d CAs were learned, want %d", len(done.Learned), importedCAs)
	}
	return took
}

// verifyOnce verifies the signatures, of which one in two is of a CRL.
func verifyOnce(b *testing.B, e fabric.Exchange) float64 {
	root := e.Certificates[0]
	begin := time.Now()
	for _, cert := range e.Certificates {
		must(b, cert.CheckSignatureFrom(root))
	}
	for i, list := range e.CRLs {
		must(b, list.CheckSignatureFrom(e.Certificates[i]))
	}
	return time.Since(begin).Seconds()
}
