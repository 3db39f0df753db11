package fabric

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"time"

	"github.com/trustgen/trustgen/ca"
	"github.com/trustgen/trustgen/secrets/mesh"
)

// SignOptions adjust Sign.
type SignOptions struct {
	// Cluster is whose intermediate it is; empty means the cluster that a [Fabric.Request] was
	// made for. Only Confirm vouches for that name.
	Cluster string
	// NotAfter is the end of the intermediate; zero is that of [EnsureOptions].
	NotAfter time.Time
	// Rejoin lets a cluster come back that has left the mesh, with another key: see
	// [Fabric.Retire].
	Rejoin bool
	// Confirm is called with exactly what is going to be signed, while the directory is not
	// locked. Its error ends the call. Nil asks nobody, and Cluster is required then.
	Confirm func(context.Context, SignPreview) error
	// DryRun checks everything, asks nobody to confirm, and signs nothing.
	DryRun bool
}

// SignPreview is what is going to be signed. Of the request it has only the key.
type SignPreview struct {
	Cluster string
	Key     mesh.PublicKey
	// Subject is the common name of the intermediate, tag included.
	Subject  string
	NotAfter time.Time
	// Constraints are its name constraints, nil if the fabric has none.
	Constraints *ca.NameConstraints
	Issuer      mesh.Summary
	// Others are the live intermediates that the cluster has. They stay valid.
	Others []mesh.Summary
}

// SignResult is the signed response to a request.
type SignResult struct {
	SignPreview
	// Certificate is the intermediate; a dry run has none, unless the key had one.
	Certificate *mesh.Summary
	// Again reports that the key had this certificate before.
	Again bool
	// Response is what [Fabric.Install] accepts: the chain with the root last, and, if CRLs are
	// published, all CAs of the mesh and their CRLs.
	Response mesh.Exchange
	// WithoutCRL reports that CRLs are published, and that the new intermediate has none here,
	// because its key is in another directory. The CRL bundles of the other clusters are
	// incomplete until that directory has exported the CRL and this one imported it.
	WithoutCRL bool
}

// ErrClusterUnnamed says that nobody confirmed the name of the cluster in a request.
var ErrClusterUnnamed = errors.New("the cluster has to be given: nobody confirmed the one in the request")

// Sign issues the intermediate of a cluster whose key is in another directory, see
// [Fabric.Request]. It accepts a request in PEM or DER that is signed with its own key, and
// takes only the public key from it. A key that has a valid intermediate of the cluster gets the
// same one again.
//
// The error is [ErrNoRoot], [ErrClusterUnnamed], [mesh.ErrKeyInUse], that of Confirm, or one of
// those of [Fabric.Ensure] that concern issuing, [*mesh.RetiredError] and [*mesh.RevokedError]
// included.
func (f *Fabric) Sign(ctx context.Context, csr []byte, o SignOptions) (SignResult, error) {
	request, err := mesh.ParseRequest(csr)
	if err != nil {
		return SignResult{}, err
	}
	s := &signing{SignOptions: o, request: request}
	if s.cluster, err = s.nameCluster(); err != nil {
		return SignResult{}, err
	}
	err = f.run(ctx, operation{dryRun: o.DryRun, decide: s.decide, confirm: s.confirm, change: s.change}, &passphrases{})
	if err != nil {
		return SignResult{}, err
	}
	return s.result, nil
}

// signing is one call of Sign.
type signing struct {
	SignOptions
	request *x509.CertificateRequest
	cluster string

	end     time.Time // requested or by default, the same before and after the confirmation
	preview SignPreview
	shown   *SignPreview // what was confirmed
	has     *mesh.CA     // the intermediate that the key has
	result  SignResult
}

// nameCluster returns the name that was given. It must not contradict the name in the request.
func (s *signing) nameCluster() (string, error) {
	requested, given := mesh.ClusterOf(s.request.Subject.CommonName, s.request.PublicKey), s.Cluster
	if given != "" {
		if err := mesh.CheckCluster(given); err != nil {
			return "", err
		}
	}
	switch {
	case given == "" && (s.Confirm == nil || requested == ""):
		return "", ErrClusterUnnamed
	case given == "":
		return requested, nil
	case requested != "" && requested != given:
		return "", fmt.Errorf("the request is for cluster %s, not for %s", requested, given)
	}
	return given, nil
}

// decide previews what is going to be signed.
func (s *signing) decide(ctx context.Context, d *directory) (needs, error) {
	m, err := d.mesh(ctx)
	if err != nil {
		return needs{}, err
	}
	if err := m.CheckIssuing(); err != nil {
		return needs{}, err
	}
	if err := m.CheckNotRetired(s.cluster); err != nil && !s.Rejoin {
		return needs{}, err
	}
	s.preview = SignPreview{Cluster: s.cluster, Key: mesh.PublicKeyOf(s.request), Constraints: m.Constraints, Issuer: mesh.Summarize(m.Issuing[0])}
	if s.preview.Subject, err = ca.TaggedName(s.cluster, s.request.PublicKey); err != nil {
		return needs{}, err
	}
	if s.has, err = m.CheckRequestKey(s.cluster, s.preview.Subject, s.request.PublicKey); err != nil || s.has != nil {
		return needs{}, err
	}
	for _, other := range m.Intermediates(s.cluster).Live {
		s.preview.Others = append(s.preview.Others, other.Summary())
	}
	s.preview.NotAfter, err = s.notAfter(m)
	return needs{issuerKey: true}, err
}

func (s *signing) notAfter(m *mesh.Mesh) (time.Time, error) {
	if s.end.IsZero() {
		end, err := m.IntermediateEnd(s.NotAfter)
		if err != nil {
			return time.Time{}, err
		}
		s.end = end.UTC().Truncate(time.Second)
	}
	if issuer := m.Issuing[0]; s.end.After(issuer.NotAfter) {
		return time.Time{}, &ca.LifetimeError{Asked: s.end, Longest: issuer.NotAfter, Issuer: ca.Describe(issuer)}
	}
	return s.end, nil
}

// confirm shows what is going to be signed.
func (s *signing) confirm(ctx context.Context) error {
	if s.has != nil {
		return nil
	}
	shown := s.preview
	s.shown = &shown
	if s.Confirm == nil || s.DryRun {
		return nil
	}
	return s.Confirm(ctx, shown)
}

// change signs what was shown: the directory was not locked while a person looked at it.
func (s *signing) change(ctx context.Context, d *directory) error {
	m, err := d.mesh(ctx)
	if err != nil {
		return err
	}
	if s.has != nil {
		return s.respondAgain(m)
	}
	if s.shown == nil || !reflect.DeepEqual(*s.shown, s.preview) {
		return fmt.Errorf("%s has changed since the preview of what would be signed", d.path(""))
	}
	cert, err := s.sign(ctx, d, m)
	if err != nil || s.DryRun {
		s.result = SignResult{SignPreview: s.preview, WithoutCRL: m.PublishCRLs}
		return err
	}
	made, err := m.Accept(s.cluster, cert) // without a CRL: its key is in another directory
	if err != nil {
		return err
	}
	s.respond(m, made)
	return d.writeRecords(m)
}

func (s *signing) sign(ctx context.Context, d *directory, m *mesh.Mesh) (*x509.Certificate, error) {
	issuer, err := d.keys.issuer(ctx)
	if err != nil {
		return nil, err
	}
	profile, err := m.Profile()
	if err != nil {
		return nil, err
	}
	draft, err := issuer.Prepare(profile, ca.Request{PublicKey: s.request.PublicKey, CommonName: s.cluster, NotAfter: s.preview.NotAfter})
	if err != nil || s.DryRun {
		return nil, err
	}
	return issuer.Issue(draft)
}

func (s *signing) respond(m *mesh.Mesh, a *mesh.CA) {
	has := a.Summary()
	s.result = SignResult{
		SignPreview: s.preview,
		Certificate: &has,
		WithoutCRL:  m.PublishCRLs && a.CRL() == nil,
		Response:    mesh.Exchange{Certificates: append([]*x509.Certificate{a.Certificate()}, m.Issuing...)},
	}
	s.result.NotAfter = has.NotAfter
	if !m.PublishCRLs {
		return
	}
	known := m.Exchange()
	chain := s.result.Response.Certificates
	for _, cert := range known.Certificates {
		if !slices.ContainsFunc(chain, cert.Equal) {
			s.result.Response.Certificates = append(s.result.Response.Certificates, cert)
		}
	}
	s.result.Response.CRLs = known.CRLs
}

// respondAgain returns the certificate that the key has, if the CA here is still above it.
func (s *signing) respondAgain(m *mesh.Mesh) error {
	chain := append([]*x509.Certificate{s.has.Certificate()}, m.Issuing...)
	now := func() time.Time { return m.Now }
	if refused, _ := ca.Tolerate(ca.VerifyIntermediate(chain, ca.VerifyOptions{Now: now})); len(refused) > 0 {
		return &ca.RuleError{Op: "the certificate that the key has", Violations: refused}
	}
	s.respond(m, s.has)
	s.result.Again = true
	return nil
}
