package workload

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"math/big"
	"net/url"
	"testing"
	"time"
)

const clientID, serverID = "spiffe://cluster.local/client", "spiffe://cluster.local/server"

func TestDial(t *testing.T) {
	ours, theirs := newRoot(t), newRoot(t)
	client, server := ours.identity(t, clientID), ours.identity(t, serverID)
	stranger := theirs.identity(t, serverID)

	for name, test := range map[string]struct {
		client  *Identity
		server  *Identity
		clients []string // that the server allows
		servers []string // that the client expects
		want    error
	}{
		"connect with the same root":          {client: client, server: server},
		"connect if both are allowed":         {client: client, server: server, clients: []string{clientID}, servers: []string{serverID}},
		"refuse a server with another root":   {client: client, server: stranger, want: ErrServerUntrusted},
		"refuse a client with another root":   {client: stranger.Trusting(server), server: server, want: ErrClientUntrusted},
		"refuse an unexpected server":         {client: client, server: server, servers: []string{clientID}, want: ErrServerNotAllowed},
		"refuse a client that is not allowed": {client: client, server: server, clients: []string{serverID}, want: ErrClientNotAllowed},
		"refuse a server without a SPIFFE ID": {client: client, server: ours.identity(t, "https://example.com"), want: ErrServerUntrusted},
	} {
		t.Run(name, func(t *testing.T) {
			conn, err := test.client.Dial(t.Context(), test.server.Serve(t, test.clients...), test.servers...)
			if !errors.Is(err, test.want) {
				t.Fatalf("Dial: %v, want %v", err, test.want)
			}
			if test.want != nil {
				return
			}
			defer conn.Close()
			if conn.Client != clientID || conn.Server != serverID {
				t.Errorf("%s talks to %s, want %s and %s", conn.Client, conn.Server, clientID, serverID)
			}
			if err := conn.Echo("hello"); err != nil {
				t.Errorf("Echo: %v", err)
			}
		})
	}
}

func TestClose_EndsConnection(t *testing.T) {
	id := newRoot(t).identity(t, clientID)
	conn, err := id.Dial(t.Context(), id.Serve(t))
	if err != nil {
		t.Fatal(err)
	}
	if err := conn.Close(); err != nil {
		t.Errorf("Close: %v", err)
	}
	if err := conn.Echo("hello"); err == nil {
		t.Error("Echo works after Close")
	}
}

func TestNewIdentity_RequiresAllParts(t *testing.T) {
	root := newRoot(t)
	id, other := root.identity(t, clientID), root.identity(t, clientID)
	chain, roots := certificatePEM(id.Chain...), certificatePEM(id.Roots...)
	for name, files := range map[string][3][]byte{
		"another key":           {chain, keyPEM(t, other.Key), roots},
		"no root":               {chain, keyPEM(t, id.Key), nil},
		"a key among the roots": {chain, keyPEM(t, id.Key), keyPEM(t, id.Key)},
		"text after the root":   {chain, keyPEM(t, id.Key), append(bytes.Clone(roots), "what?"...)},
	} {
		if _, err := NewIdentity(files[0], files[1], files[2]); err == nil {
			t.Errorf("NewIdentity accepts %s", name)
		}
	}
	if _, err := NewIdentity(chain, keyPEM(t, id.Key), roots); err != nil {
		t.Errorf("NewIdentity refuses a complete identity: %v", err)
	}
}

// root signs workloads' certificates by itself.
type root struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newRoot(t *testing.T) *root {
	t.Helper()
	template := &x509.Certificate{IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign}
	template.Subject.CommonName = "root " + rand.Text()
	r := &root{}
	r.cert, r.key = sign(t, template, r)
	return r
}

func (r *root) identity(t *testing.T, uri string) *Identity {
	t.Helper()
	id, err := url.Parse(uri)
	if err != nil {
		t.Fatal(err)
	}
	cert, key := sign(t, &x509.Certificate{
		URIs:        []*url.URL{id},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}, r)
	return &Identity{Chain: []*x509.Certificate{cert, r.cert}, Roots: []*x509.Certificate{r.cert}, Key: key}
}

// sign makes a certificate of template for a new key, signed by r. Without a certificate of r it
// is self-signed.
func sign(t *testing.T, template *x509.Certificate, r *root) (*x509.Certificate, *ecdsa.PrivateKey) {
	t.Helper()
	key, _, err := newKey()
	if err != nil {
		t.Fatal(err)
	}
	template.SerialNumber = big.NewInt(time.Now().UnixNano())
	template.NotBefore, template.NotAfter = time.Now().Add(-time.Minute), time.Now().Add(time.Hour)
	parent, signer := r.cert, r.key
	if parent == nil {
		parent, signer = template, key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), signer)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return cert, key
}

func certificatePEM(certs ...*x509.Certificate) []byte {
	var data []byte
	for _, cert := range certs {
		data = append(data, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert.Raw})...)
	}
	return data
}

func keyPEM(t *testing.T, key any) []byte {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
}
