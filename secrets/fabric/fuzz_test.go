package fabric_test

import (
	"crypto/x509"
	"encoding/pem"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/trustgen/trustgen/ca"
	"github.com/trustgen/trustgen/ca/catest"
	"github.com/trustgen/trustgen/secrets/fabric"
	"github.com/trustgen/trustgen/secrets/mesh"
)

// FuzzImportCRLs imports anything: only CAs that chain to the root of the directory are
// discovered, and only CRLs that known CAs signed are accepted.
func FuzzImportCRLs(f *testing.F) {
	dir := filepath.Join(f.TempDir(), "trust")
	root := catest.Must(fabric.Open(f.Context(), dir, fabric.Options{Now: catest.Now}))(f)
	catest.Must(root.Ensure(f.Context(), []string{"east"}, fabric.EnsureOptions{}))(f)
	copied := catest.Must(fabric.Open(f.Context(), filepath.Join(f.TempDir(), "copy"), fabric.Options{Now: catest.Now}))(f)
	if err := os.CopyFS(copied.Dir(), os.DirFS(dir)); err != nil {
		f.Fatal(err)
	}
	if err := os.Chmod(copied.Dir(), 0o700); err != nil {
		f.Fatal(err)
	}
	catest.Must(root.Ensure(f.Context(), []string{"west"}, fabric.EnsureOptions{}))(f)
	e := catest.Must(root.Exchange(f.Context()))(f)
	f.Add(e.Marshal())
	f.Add(ca.MarshalCRLs(e.CRLs...))
	f.Add(ca.MarshalCertificates(catest.New(f).Chain()...))
	trusted := x509.NewCertPool()
	trusted.AddCert(e.Certificates[0])
	f.Fuzz(func(t *testing.T, data []byte) {
		exchange, err := mesh.ParseExchange(data)
		if err != nil {
			return
		}
		done, err := copied.ImportCRLs(t.Context(), exchange, fabric.ImportCRLsOptions{DryRun: true})
		if err != nil {
			return
		}
		for _, found := range done.Discovered {
			i := slices.IndexFunc(exchange.Certificates, func(cert *x509.Certificate) bool { return ca.Describe(cert) == found.Subject })
			if _, err := exchange.Certificates[i].Verify(x509.VerifyOptions{Roots: trusted, CurrentTime: catest.Now(), KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny}}); err != nil {
				t.Errorf("%s was discovered: %v", found.Subject, err)
			}
		}
		for _, list := range exchange.CRLs {
			signed := func(cert *x509.Certificate) bool { return list.CheckSignatureFrom(cert) == nil }
			accepted := func(i mesh.MergedCRL) bool {
				return i.Action == mesh.CRLAccepted && i.Subject == list.Issuer.CommonName
			}
			if slices.ContainsFunc(done.CRLs, accepted) && !slices.ContainsFunc(slices.Concat(e.Certificates, exchange.Certificates), signed) {
				t.Errorf("the CRL of %s was accepted, and no known CA signed it", list.Issuer)
			}
		}
	})
}

// FuzzSign signs any request: the certificate has the key of the request and keeps the chain rules.
func FuzzSign(f *testing.F) {
	key := catest.Key("east")
	block, _ := pem.Decode(csrOf(f, key, nil))
	f.Add(block.Bytes, "east")
	f.Add(csrOf(f, key, nil), "")
	root := catest.Must(fabric.Open(f.Context(), filepath.Join(f.TempDir(), "trust"), fabric.Options{Now: catest.Now}))(f)
	catest.Must(root.Init(f.Context(), fabric.InitOptions{}))(f)
	f.Fuzz(func(t *testing.T, csr []byte, cluster string) {
		signed, err := root.Sign(t.Context(), csr, fabric.SignOptions{Cluster: cluster})
		if err != nil {
			return
		}
		request := catest.Must(mesh.ParseRequest(csr))(t)
		chain := signed.Response.Certificates
		if !ca.SamePublicKey(chain[0].PublicKey, request.PublicKey) || signed.Cluster != cluster {
			t.Errorf("signed is %+v, requested was %q", signed, cluster)
		}
		if refused := ca.VerifyIntermediate(chain, ca.VerifyOptions{Now: catest.Now, Roots: chain[len(chain)-1:]}); refused != nil || !chain[0].MaxPathLenZero {
			t.Errorf("what was signed breaks the rules: %v", refused)
		}
	})
}

// FuzzInstall installs any response: only one for the key of the request that chains to the root is
// accepted.
func FuzzInstall(f *testing.F) {
	open := func(dir string) *fabric.Fabric {
		return catest.Must(fabric.Open(f.Context(), filepath.Join(f.TempDir(), dir), fabric.Options{Now: catest.Now}))(f)
	}
	root, clusterDir := open("root"), open("cluster")
	catest.Must(root.Init(f.Context(), fabric.InitOptions{}))(f)
	csr := catest.Must(clusterDir.Request(f.Context(), "east", fabric.RequestOptions{}))(f).CSR
	signed := catest.Must(root.Sign(f.Context(), csr, fabric.SignOptions{Cluster: "east"}))(f)
	trusted := signed.Response.Certificates[1]
	f.Add(signed.Response.Marshal())
	f.Add(ca.MarshalCertificates(signed.Response.Certificates[0]))
	f.Add(ca.MarshalCertificates(catest.New(f).Chain()...))
	f.Fuzz(func(t *testing.T, data []byte) {
		response, err := mesh.ParseExchange(data)
		if err != nil {
			return
		}
		got, err := clusterDir.Install(t.Context(), response, fabric.InstallOptions{Root: trusted, DryRun: true})
		if err == nil && (got.Cluster != "east" || got.Certificate.Subject != signed.Certificate.Subject) {
			t.Errorf("installed would be %+v", got)
		}
	})
}
