package main

import (
	"bytes"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/trustgen/trustgen/test/e2e/workload"
)

// pod is a workload with its certificate and key in files, as Istio's agent writes them.
type pod struct {
	workload *workload.Workload
	dir      string
}

// startPod starts a workload in m. Its files are in a subdirectory of dir with the name of its
// service account.
func startPod(t testing.TB, m *member, dir string, opts workload.Options) *pod {
	t.Helper()
	p := &pod{workload: workload.New(t, m.istiod, opts), dir: filepath.Join(dir, opts.ServiceAccount)}
	if err := os.Mkdir(p.dir, 0o700); err != nil {
		t.Fatal(err)
	}
	p.write(t)
	p.writeRequest(t)
	return p
}

// writeRequest writes a request like those for istiod, for trustgen check csr.
func (p *pod) writeRequest(t testing.TB) {
	t.Helper()
	id := p.workload.Identity()
	der, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{URIs: id.Leaf().URIs}, id.Key)
	if err == nil {
		err = os.WriteFile(filepath.Join(p.dir, "request.pem"), pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: der}), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// renew gives the pod a new certificate, unless istiod refuses it.
func (p *pod) renew(t testing.TB) {
	t.Helper()
	if err := p.workload.TryRenew(t); err == nil {
		p.write(t)
	}
}

func (p *pod) write(t testing.TB) {
	t.Helper()
	id := p.workload.Identity()
	key, err := x509.MarshalPKCS8PrivateKey(id.Key)
	if err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string][]byte{
		"cert-chain.pem": encode(id.Chain),
		"root-cert.pem":  encode(id.Roots),
		"key.pem":        pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key}),
	} {
		if err := replace(filepath.Join(p.dir, name), data); err != nil {
			t.Fatal(err)
		}
	}
}

// replace replaces the content of a file atomically.
func replace(path string, data []byte) error {
	next := path + ".new"
	return errors.Join(os.WriteFile(next, data, 0o600), os.Rename(next, path))
}

func encode(certs []*x509.Certificate) []byte {
	var b bytes.Buffer
	for _, cert := range certs {
		_ = pem.Encode(&b, &pem.Block{Type: "CERTIFICATE", Bytes: cert.Raw}) // a Buffer returns no error
	}
	return b.Bytes()
}
