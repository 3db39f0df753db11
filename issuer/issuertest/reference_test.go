package issuertest

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/x509"
	"errors"
	"testing"

	"github.com/spiffe/go-spiffe/v2/spiffeid"

	"github.com/trustgen/trustgen/ca"
	"github.com/trustgen/trustgen/ca/catest"
	"github.com/trustgen/trustgen/issuer"
	"github.com/trustgen/trustgen/issuer/local"
)

// everything returns the claims of the reference backend.
func everything() Capabilities {
	return Capabilities{Lifetime: true, Usages: true, DNSNames: true, Chain: true, Check: true, Intermediates: true, Constraints: true}
}

// reference is a backend without a defect: an issuing CA below a root.
type reference struct {
	*local.Issuer
	root      *ca.Authority
	issuing   *ca.Authority
	forbidden spiffeid.ID
}

func issuingKey() crypto.Signer { return catest.Key("issuing") }

func newReference(t *testing.T) *reference {
	t.Helper()
	h := catest.New(t)
	issuing := h.Below(t, h.Root, issuingKey(), ca.IntermediateOptions{PathLen: 1})
	return &reference{
		Issuer:    catest.Must(local.New(issuing, local.Options{Now: catest.Now}))(t),
		root:      h.Root,
		issuing:   issuing,
		forbidden: spiffeid.RequireFromString("spiffe://mesh.example.com/ns/kube-system/sa/admin"),
	}
}

func (g *reference) Issue(ctx context.Context, r issuer.Request) (*issuer.Chain, error) {
	if r.SPIFFEID == g.forbidden {
		return nil, &issuer.PermanentError{Reason: "Refused", Err: errors.New("a system account")}
	}
	return g.Issuer.Issue(ctx, r)
}

func (g *reference) backend(i issuer.Issuer) Backend {
	return Backend{Name: "reference", Issuer: i, Roots: g.root.Chain(), TrustDomain: "mesh.example.com", Forbidden: g.forbidden, Now: catest.Now}
}

// resign signs a certificate again, with a change that the CA would not make.
func (g *reference) resign(chain *issuer.Chain, change func(*x509.Certificate)) (*issuer.Chain, error) {
	template := *chain.Certificates[0]
	template.SignatureAlgorithm = x509.UnknownSignatureAlgorithm
	change(&template)
	der, err := x509.CreateCertificate(rand.Reader, &template, g.issuing.Certificate(), template.PublicKey, issuingKey())
	if err != nil {
		return nil, err
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, err
	}
	return &issuer.Chain{Certificates: append([]*x509.Certificate{cert}, chain.Certificates[1:]...)}, nil
}

func TestRun_ReferenceBackend(t *testing.T) {
	t.Parallel()
	g := newReference(t)
	got := runShared(t, func(*testing.T, *Proxy) Backend { return g.backend(g) }, everything())
	want := Report{
		Backend: "reference", Lifetime: "kept", Usages: "kept", DNSNames: "kept",
		Chain: "leaf, 1 CA, root", Intermediates: "kept", Constraints: "kept",
	}
	if got != want {
		t.Errorf("the report is\n%s\nwant\n%s", got, want)
	}
}

func TestRun_RootThatIssuesLeaves(t *testing.T) {
	t.Parallel()
	h := catest.New(t)
	root := catest.Must(local.New(h.Root, local.Options{Now: catest.Now}))(t)
	got := runShared(t, func(*testing.T, *Proxy) Backend {
		return Backend{Issuer: issuer.Limit(root, issuer.LimitOptions{}), Roots: h.Root.Chain(), TrustDomain: "mesh.example.com", Now: catest.Now}
	}, everything())
	if got.Chain != "leaf, root" || got.Backend != "backend" {
		t.Errorf("the report is %s", got)
	}
}

func TestTable(t *testing.T) {
	t.Parallel()
	got := Table(
		Report{"one", "kept, longer ones are shortened", "kept", "refused", "leaf, 1 CA", "none", "not tried"},
		Report{"two", "ignored", "ignored", "kept", "leaf, 1 CA, root", "kept", "kept"},
	)
	const want = `| backend | lifetime | usages | DNS names | chain | intermediates | constraints |
|---|---|---|---|---|---|---|
| one | kept, longer ones are shortened | kept | refused | leaf, 1 CA | none | not tried |
| two | ignored | ignored | kept | leaf, 1 CA, root | kept | kept |
`
	if got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}
