// Package cfssl runs the CA server of cloudflare with few rights: clients need a certificate and
// a key, a profile permits the names, and only the key of a CSR is used.
package cfssl

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/trustgen/trustgen/test/e2e/pki"
	"github.com/trustgen/trustgen/test/e2e/process"
)

// Profiles of a server.
const (
	Workloads     = "workloads"
	Intermediates = "intermediates"
)

// Options configure a server.
type Options struct {
	CACert, CAKey []byte        // in PEM
	AuthKey       string        // in hexadecimal
	PreviousKey   string        // still accepted, if not empty
	Names         string        // regular expression of permitted names of workloads
	Lifetime      time.Duration // of certificates of workloads
	CALifetime    time.Duration // of intermediates
	// CarelessDefault lets the default profile sign anything for a year, as an unchanged
	// configuration does.
	CarelessDefault bool
}

// Server is a cfssl that runs until its test ends.
type Server struct {
	Process *process.Process
	URL     string
	// TLS is the CA of the server's certificate. Client has the certificate of a client.
	TLS    *pki.Authority
	Client pki.Credential

	dir  string
	port int
	http *http.Client
}

const startTimeout = time.Minute

// Start starts a server and returns when it is ready, or fails t.
func Start(t testing.TB, o Options) *Server {
	t.Helper()
	tlsCA, err := pki.New("cfssl-tls")
	if err != nil {
		t.Fatalf("cfssl: create the CA of its certificates: %v", err)
	}
	return startWith(t, tlsCA, o)
}

// StartAnother starts a server that accepts the same clients.
func (s *Server) StartAnother(t testing.TB, o Options) *Server {
	t.Helper()
	return startWith(t, s.TLS, o)
}

func startWith(t testing.TB, tlsCA *pki.Authority, o Options) *Server {
	t.Helper()
	s := &Server{TLS: tlsCA, dir: process.Directory(t)}
	if err := s.makeCredentials(); err != nil {
		t.Fatalf("cfssl: create its certificates: %v", err)
	}
	s.start(t, o, func() int { return process.FreePort(t) })
	return s
}

// Restart ends the server if it runs, and starts it at the same address.
func (s *Server) Restart(t testing.TB, o Options) {
	t.Helper()
	s.Process.Stop()
	port := s.port
	s.start(t, o, func() int { return port })
}

func (s *Server) start(t testing.TB, o Options, port func() int) {
	t.Helper()
	if err := s.write(o); err != nil {
		t.Fatalf("cfssl: write its files: %v", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), startTimeout)
	defer cancel()
	spec := func() process.Spec {
		s.port = port()
		s.URL = fmt.Sprintf("https://127.0.0.1:%d", s.port)
		return process.Spec{Name: "cfssl", Path: process.Built(t, "TRUSTGEN_E2E_CFSSL", "cfssl"), Args: s.flags(), Dir: s.dir}
	}
	var err error
	if s.Process, err = process.StartReady(ctx, t, spec, s.ready); err != nil {
		t.Fatal(err)
	}
}

func (s *Server) flags() []string {
	return []string{
		"serve",
		"-address=127.0.0.1",
		fmt.Sprintf("-port=%d", s.port),
		"-ca=" + s.path(caCert), "-ca-key=" + s.path(caKey),
		"-config=" + s.path(configFile),
		"-tls-cert=" + s.path(tlsCert), "-tls-key=" + s.path(tlsKey),
		"-mutual-tls-ca=" + s.path(tlsCA),
		// All but authsign and info. newcert, for example, ignores the key.
		"-disable=sign,newcert,newkey,init_ca,scan,scaninfo,certadd,certinfo,gencrl,bundle,revoke,crl,ocspsign,/",
	}
}

// ready requests the CA certificate as a client does.
func (s *Server) ready(ctx context.Context) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, s.URL+"/api/v1/cfssl/info", bytes.NewReader([]byte(`{"label":""}`)))
	if err != nil {
		return err
	}
	response, err := s.http.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("cfssl: info: %s", response.Status)
	}
	return nil
}

func (s *Server) newClient() error {
	cert, err := tls.X509KeyPair(s.Client.Cert, s.Client.Key)
	if err != nil {
		return err
	}
	roots := x509.NewCertPool()
	roots.AddCert(s.TLS.Cert)
	s.http = &http.Client{Transport: &http.Transport{
		DisableKeepAlives: true,
		TLSClientConfig:   &tls.Config{RootCAs: roots, Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12},
	}}
	return nil
}

func (s *Server) path(name string) string { return filepath.Join(s.dir, name) }

func (s *Server) writeFile(name string, data []byte) error {
	return os.WriteFile(s.path(name), data, 0o600)
}
