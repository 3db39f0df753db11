//go:build linux

package bench

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/trustgen/trustgen/secrets/fabric"
	"github.com/trustgen/trustgen/secrets/mesh"
)

const (
	importRounds = 5
	importedCAs  = 600
)

// BenchmarkImport compares a dry run that imports the certificates and CRLs of a large mesh
// with crypto/x509 that verifies each signature once. If the import compared all CAs with
// each other, the ratio would grow with their number.
func BenchmarkImport(b *testing.B) {
	e, remote := newImport(b)
	measured := interleave(importRounds,
		func() float64 { return importOnce(b, remote, e) },
		func() float64 { return verifyOnce(b, e) })
	imported, bare := series(measured[0]), series(measured[1])
	ratios := imported.over(bare)
	report(b, ratios, "times-bare")
	printLine(b, "import of %d CAs: %v s, their signatures alone: %v s", importedCAs, imported, bare)
	printLine(b, "%s", atMost(10, "times the signatures").judge(ratios))
}

// newImport returns the CAs and CRLs of the directory with the root, and the remote directory
// of a cluster that has not imported them yet.
func newImport(b *testing.B) (mesh.Exchange, *fabric.Fabric) {
	dir, remove := freshDir(b, ramDir(b))
	b.Cleanup(remove)
	open := func(name string) *fabric.Fabric {
		f, err := fabric.Open(b.Context(), filepath.Join(dir, name), fabric.Options{})
		must(b, err)
		return f
	}
	root, remote := open("root"), open("remote")
	_, err := root.Init(b.Context(), fabric.InitOptions{})
	must(b, err)
	request, err := remote.Request(b.Context(), "remote", fabric.RequestOptions{})
	must(b, err)
	signed, err := root.Sign(b.Context(), request.CSR, fabric.SignOptions{Cluster: "remote"})
	must(b, err)
	_, err = remote.Install(b.Context(), signed.Response, fabric.InstallOptions{Root: signed.Response.Certificates[1]})
	must(b, err)
	_, err = root.Ensure(b.Context(), clusterNames(importedCAs), fabric.EnsureOptions{})
	must(b, err)
	e, err := root.Exchange(b.Context())
	must(b, err)
	return e, remote
}

func importOnce(b *testing.B, f *fabric.Fabric, e mesh.Exchange) float64 {
	begin := time.Now()
	done, err := f.ImportCRLs(b.Context(), e, fabric.ImportCRLsOptions{DryRun: true})
	took := time.Since(begin).Seconds()
	must(b, err)
	if len(done.Discovered) != importedCAs {
		b.Fatalf("%d CAs were discovered, want %d", len(done.Discovered), importedCAs)
	}
	return took
}

// verifyOnce verifies the signatures of the certificates and of their CRLs.
func verifyOnce(b *testing.B, e mesh.Exchange) float64 {
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
