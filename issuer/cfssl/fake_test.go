package cfssl_test

import (
	"crypto"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"io"
	"log"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cloudflare/cfssl/api"
	"github.com/cloudflare/cfssl/auth"
	cferr "github.com/cloudflare/cfssl/errors"
	"github.com/cloudflare/cfssl/info"

	"github.com/trustgen/trustgen/ca"
	"github.com/trustgen/trustgen/ca/catest"
)

const (
	authKey  = "00112233445566778899aabbccddeeff"
	authsign = "/api/v1/cfssl/authsign"
	infoPath = "/api/v1/cfssl/info"
)

// fake is a server with the API of cfssl, over TLS. Tests may change its fields between
// requests.
type fake struct {
	*httptest.Server
	t        testing.TB
	provider auth.Provider

	mu       sync.Mutex
	cert     *x509.Certificate // of the CA that signs
	key      crypto.Signer
	reported *x509.Certificate           // returned by info, if not cert
	change   func(*x509.Certificate)     // changes a certificate before it is signed
	instead  map[string]http.HandlerFunc // replaces an endpoint, by its path
	hits     map[string]int              // by path
	requests []map[string]any            // to authsign
	infos    []info.Req                  // to info
}

// start starts a server that signs with an authority.
func start(t testing.TB, a *ca.Authority, key crypto.Signer) *fake {
	t.Helper()
	return startTLS(t, a, key, &tls.Config{})
}

func startTLS(t testing.TB, a *ca.Authority, key crypto.Signer, config *tls.Config) *fake {
	t.Helper()
	f := newFake(t, a, key)
	f.Server = httptest.NewUnstartedServer(nil)
	f.Config = f.config()
	f.startTLS(config)
	return f
}

func newFake(t testing.TB, a *ca.Authority, key crypto.Signer) *fake {
	t.Helper()
	return &fake{
		t:        t,
		provider: catest.Must(auth.New(authKey, nil))(t),
		cert:     a.Certificate(),
		key:      key,
		instead:  map[string]http.HandlerFunc{},
		hits:     map[string]int{},
	}
}

func (f *fake) config() *http.Server {
	return &http.Server{Handler: f, ErrorLog: log.New(io.Discard, "", 0)}
}

func (f *fake) startTLS(config *tls.Config) {
	f.t.Helper()
	f.TLS = config
	f.StartTLS()
	f.t.Cleanup(f.Close)
}

// with changes the server.
func (f *fake) with(change func(*fake)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change(f)
}

func (f *fake) respond(path string, h http.HandlerFunc) {
	f.with(func(f *fake) { f.instead[path] = h })
}

func (f *fake) count(path string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.hits[path]
}

func (f *fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	f.hits[r.URL.Path]++
	instead := f.instead[r.URL.Path]
	f.mu.Unlock()
	if instead != nil {
		instead(w, r)
		return
	}
	api.HandleError(w, f.handle(w, r))
}

func (f *fake) handle(w http.ResponseWriter, r *http.Request) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return err
	}
	switch r.URL.Path {
	case authsign:
		return f.sign(w, body)
	case infoPath:
		return f.info(w, body)
	}
	http.NotFound(w, r)
	return nil
}

func (f *fake) info(w http.ResponseWriter, body []byte) error {
	var request info.Req
	if err := json.Unmarshal(body, &request); err != nil {
		return cferr.NewBadRequest(err)
	}
	f.infos = append(f.infos, request)
	reported := f.reported
	if reported == nil {
		reported = f.cert
	}
	return api.SendResponse(w, info.Resp{Certificate: strings.TrimSpace(pemOf(reported))})
}

func (f *fake) sign(w http.ResponseWriter, body []byte) error {
	var authenticated auth.AuthenticatedRequest
	if err := json.Unmarshal(body, &authenticated); err != nil {
		return cferr.NewBadRequest(err)
	}
	if !f.provider.Verify(&authenticated) {
		return cferr.NewBadRequestString("invalid token")
	}
	var request struct {
		CSR     string   `json:"certificate_request"`
		Hosts   []string `json:"hosts"`
		Subject *struct{ CN string }
		Profile string
	}
	var fields map[string]any
	if err := json.Unmarshal(authenticated.Request, &request); err != nil {
		return cferr.NewBadRequest(err)
	}
	if err := json.Unmarshal(authenticated.Request, &fields); err != nil {
		return cferr.NewBadRequest(err)
	}
	f.requests = append(f.requests, fields)
	block, _ := pem.Decode([]byte(request.CSR))
	csr, err := x509.ParseCertificateRequest(block.Bytes)
	if err != nil {
		return cferr.Wrap(cferr.CSRError, cferr.ParseFailed, err)
	}
	t := template(request.Profile, csr)
	if request.Subject != nil {
		t.Subject.CommonName = request.Subject.CN
	}
	for _, host := range request.Hosts {
		if uri, err := url.ParseRequestURI(host); err == nil {
			t.URIs = append(t.URIs, uri)
		} else {
			t.DNSNames = append(t.DNSNames, host)
		}
	}
	if f.change != nil {
		f.change(t)
	}
	der, err := x509.CreateCertificate(rand.Reader, t, f.cert, csr.PublicKey, f.key)
	if err != nil {
		return cferr.Wrap(cferr.CertificateError, cferr.Unknown, err)
	}
	return api.SendResponse(w, map[string]any{"certificate": string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))})
}

// template applies a profile of the server: for an unknown one the default, and the subject
// of the CSR.
func template(profile string, csr *x509.CertificateRequest) *x509.Certificate {
	t := &x509.Certificate{
		SerialNumber:          big.NewInt(0x7f3a9c0011),
		Subject:               csr.Subject,
		NotBefore:             catest.Now().Add(-time.Minute),
		BasicConstraintsValid: true,
	}
	switch profile {
	case "workloads":
		t.NotAfter = catest.Now().Add(time.Hour)
	case "intermediates":
		t.NotAfter = catest.Now().Add(24 * time.Hour)
		t.IsCA, t.MaxPathLenZero = true, true
		t.KeyUsage = x509.KeyUsageCertSign | x509.KeyUsageCRLSign
		return t
	default:
		t.NotAfter = catest.Now().Add(8760 * time.Hour)
	}
	t.KeyUsage = x509.KeyUsageDigitalSignature
	t.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}
	return t
}

func pemOf(cert *x509.Certificate) string { return string(ca.MarshalCertificates(cert)) }

// csrOf returns a certificate request, with a subject if cn is not empty.
func csrOf(t testing.TB, key crypto.Signer, cn string) []byte {
	t.Helper()
	return catest.Must(x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{Subject: pkix.Name{CommonName: cn}}, key))(t)
}

// status responds with a status and a body.
func status(code int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(code)
		_, _ = io.WriteString(w, body)
	}
}

// failure returns the body of a cfssl error.
func failure(code int) string {
	body, err := json.Marshal(api.NewErrorResponse("a message", code))
	if err != nil {
		panic(err)
	}
	return string(body) + "\n"
}
