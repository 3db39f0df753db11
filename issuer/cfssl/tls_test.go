package cfssl_test

import (
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/trustgen/trustgen/ca/catest"
	"github.com/trustgen/trustgen/issuer/cfssl"
)

func TestIssue_MutualTLS(t *testing.T) {
	t.Parallel()
	h := catest.New(t)
	cert := clientCertificate(t)
	pool := x509.NewCertPool()
	pool.AddCert(cert.Leaf)
	f := startTLS(t, h.Intermediate, h.IntermediateKey, &tls.Config{ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: pool})
	o := options(t, f)
	_, err := client(t, o).Issue(t.Context(), request(t))
	wantTransient(t, err, f.URL+": ")
	o.ClientCertificate = cert
	catest.Must(client(t, o).Issue(t.Context(), request(t)))(t)
	if n := f.count(authsign); n != 1 {
		t.Errorf("%d requests came in, want 1", n)
	}
}

func TestIssue_RejectsUntrustedServers(t *testing.T) {
	t.Parallel()
	h := catest.New(t)
	for name, test := range map[string]struct {
		config *tls.Config
		change func(*cfssl.Options)
		want   string
	}{
		"of a CA that is not configured": {
			&tls.Config{}, func(o *cfssl.Options) { o.RootCAs = x509.NewCertPool() }, "unknown authority",
		},
		"of a CA unknown to the system": {
			&tls.Config{}, func(o *cfssl.Options) { o.RootCAs = nil }, "failed to verify certificate",
		},
		"of another name": {
			&tls.Config{}, func(o *cfssl.Options) { o.URLs[0] = strings.Replace(o.URLs[0], "127.0.0.1", "localhost", 1) }, "not localhost",
		},
		"with TLS 1.1": {
			&tls.Config{MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}, func(*cfssl.Options) {}, "protocol version",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := startTLS(t, h.Intermediate, h.IntermediateKey, test.config)
			o := options(t, f)
			test.change(&o)
			_, err := client(t, o).Issue(t.Context(), request(t))
			wantTransient(t, err, test.want)
			if n := f.count(authsign); n != 0 {
				t.Errorf("%d requests came in, want none", n)
			}
		})
	}
}

func clientCertificate(t testing.TB) *tls.Certificate {
	t.Helper()
	key := catest.Key("client")
	template := &x509.Certificate{
		SerialNumber:          big.NewInt(1),
		Subject:               pkix.Name{CommonName: "trustgen"},
		NotBefore:             time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC),
		NotAfter:              time.Date(2099, 1, 1, 0, 0, 0, 0, time.UTC), // TLS has no injected clock
		BasicConstraintsValid: true,
		IsCA:                  true,
		KeyUsage:              x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	der := catest.Must(x509.CreateCertificate(rand.Reader, template, template, key.Public(), key))(t)
	return &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: catest.Must(x509.ParseCertificate(der))(t)}
}
