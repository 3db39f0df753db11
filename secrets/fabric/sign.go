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
)

// SignOptions adjust Sign.
type SignOptions struct {
	// Cluster is whose intermediate it is to be; empty means the cluster that a
	// [Fabric.Request] was made for. Nothing but Confirm vouches for that name.
	Cluster string
	// NotAfter is the end of the intermediate; zero is that of [EnsureOptions].
	NotAfter time.Time
	// Rejoin lets a cluster come back that has left the mesh, with another key: see
	// [Fabric.RetireCluster].
	Rejoin bool
	// Confirm is told exactly what is going to be signed, while nobody waits for the
	// directory. Its error ends the call. Nil asks nobody, and Cluster is required then.
	Confirm func(context.Context, SignPreview) error
	// DryRun checks everything, asks nobody to confirm, and signs nothing.
	DryRun bool
}

// SignPreview is what is going to be signed. Of the request only the key is in it.
type SignPreview struct {
	Cluster string
	Key     PublicKey
	// Subject is the common name that the intermediate gets, tag included.
	Subject  string
	NotAfter time.Time
	// Constraints are its name constraints, nil where the fabric has none.
	Constraints *ca.NameConstraints
	Issuer      Certificate
	// Others are the intermediates that the cluster has already and that have not
	// expired. They stay valid.
	Others []Certificate
}

// Signed is the answer to a request.
type Signed struct {
	SignPreview
	// Certificate is the intermediate; a dry run has none, unless the key had one.
	Certificate *Certificate
	// Again reports that the key had this certificate before.
	Again bool
	// Answer is what [Fabric.Install] takes: the chain, the root last, and where CRLs are
	// published all CAs of the mesh and their CRLs.
	Answer Exchange
	// WithoutCRL reports that CRLs are published, and that the new intermediate has none
	// here: its key is elsewhere. Until the directory that installs it has exported one
	// and this one imported it, the sets of the other clusters are not complete.
	WithoutCRL bool
}

// ErrClusterUnnamed says that there is nobody to tell whose intermediate a request is for.
var ErrClusterUnnamed = errors.New("the cluster has to be named: nobody confirmed the one in the request")

// ErrKeyTaken says that the key of a request belongs to another CA of the mesh, or to one
// that must not be used again.
var ErrKeyTaken = errors.New("the key of the request cannot be certified")

// Sign issues the intermediate of a cluster whose key is elsewhere, see [Fabric.Request].
// Of the request, in PEM or DER, only the public key is taken, and it has to be signed with
// that key. A key that has a valid intermediate of the cluster gets the same one again.
//
// The error is [ErrNoRoot], [ErrClusterUnnamed], [ErrKeyTaken], that of Confirm, or one of
// those that [Fabric.Ensure] has when it issues, a [*RetiredError] and a [*RevokedError] among them.
func (f *Fabric) Sign(ctx context.Context, csr []byte, o SignOptions) (Signed, error) {
	request, err := ParseRequest(csr)
	if err != nil {
		return Signed{}, err
	}
	s := &signing{request: request, options: o}
	if s.cluster, err = s.nameCluster(); err != nil {
		return Signed{}, err
	}
	err = f.changeMesh(ctx, meshChange{dryRun: o.DryRun, issues: s.look, confirm: s.confirm, make: s.sign})
	if err != nil {
		return Signed{}, err
	}
	return s.done, nil
}

// signing is one call of Sign.
type signing struct {
	request  *x509.CertificateRequest
	options  SignOptions
	cluster  string
	notAfter time.Time
	shown    *SignPreview // when it was confirmed
	preview  SignPreview
	again    *authority // the CA that the key is already
	done     Signed
}

// nameCluster takes the name that was given, which must not be another one than that for
// which the request was made.
func (s *signing) nameCluster() (string, error) {
	cn := s.request.Subject.CommonName
	asked, given := clusterIn(cn, s.request.PublicKey), s.options.Cluster
	if given != "" {
		if err := CheckCluster(given); err != nil {
			return "", err
		}
	}
	switch {
	case given == "" && (s.options.Confirm == nil || asked == ""):
		return "", ErrClusterUnnamed
	case given == "":
		return asked, nil
	case asked != "" && asked != given:
		return "", fmt.Errorf("the request is for cluster %s, not for %s", asked, given)
	}
	return given, nil
}

// look says what is going to be signed. It reports whether anything is.
func (s *signing) look(m *mesh) (signs bool, err error) {
	s.preview = SignPreview{Cluster: s.cluster, Key: describeKey(s.request), Constraints: m.config.constraints(), Issuer: describe(m.issuing[0])}
	if s.preview.Subject, err = ca.TaggedName(s.cluster, s.request.PublicKey); err != nil {
		return false, err
	}
	if err := m.wantUnrevoked(m.issuing, m.all); err != nil {
		return false, err
	}
	if err := m.wantNotRetired(s.cluster, m.all); err != nil && !s.options.Rejoin {
		return false, err
	}
	if err := s.lookAtKey(m); err != nil || s.again != nil {
		return false, err
	}
	s.preview.NotAfter, err = s.end(m)
	return true, err
}

// lookAtKey compares the key with those of all CAs of the mesh.
func (s *signing) lookAtKey(m *mesh) error {
	s.again = nil
	for _, a := range m.all {
		if ca.SamePublicKey(a.cert.PublicKey, s.request.PublicKey) {
			s.again = a
			return s.mayHaveAgain(a, m)
		}
		if a.cert.Subject.CommonName == s.preview.Subject {
			return fmt.Errorf("%w: its tag is that of another key, %s", ErrKeyTaken, ca.Describe(a.cert))
		}
		if a.cluster == s.cluster && !a.ended(m.now()) && a.retired.IsZero() {
			s.preview.Others = append(s.preview.Others, describe(a.cert))
		}
	}
	return nil
}

// mayHaveAgain refuses a key that is in other hands, or must not be used any more.
func (s *signing) mayHaveAgain(a *authority, m *mesh) error {
	var reason string
	switch {
	case a.cluster == "":
		reason = fmt.Sprintf("it is that of %s, which is no intermediate of a cluster", ca.Describe(a.cert))
	case a.cluster != s.cluster:
		reason = fmt.Sprintf("it is that of %s, an intermediate of cluster %s", ca.Describe(a.cert), a.cluster)
	case !a.retired.IsZero():
		reason = fmt.Sprintf("%s has it, and left the mesh", ca.Describe(a.cert))
	case a.pending != nil || isRevoked(a, m.all):
		reason = fmt.Sprintf("%s has it, and is revoked", ca.Describe(a.cert))
	case a.ended(m.now()):
		reason = fmt.Sprintf("%s had it, and expired at %s", ca.Describe(a.cert), a.cert.NotAfter.UTC().Format(time.RFC3339))
	default:
		return nil
	}
	return fmt.Errorf("%w: %s", ErrKeyTaken, reason)
}

// end is that of the new intermediate, the same before and after it was confirmed.
func (s *signing) end(m *mesh) (time.Time, error) {
	issuer := m.issuing[0]
	if s.notAfter.IsZero() {
		end, err := m.intermediateEnd(issuer, s.options.NotAfter)
		if err != nil {
			return time.Time{}, err
		}
		s.notAfter = end.UTC().Truncate(time.Second)
	}
	if s.notAfter.After(issuer.NotAfter) {
		return time.Time{}, &ca.LifetimeError{Asked: s.notAfter, Longest: issuer.NotAfter, Issuer: ca.Describe(issuer)}
	}
	return s.notAfter, nil
}

// confirm shows what is going to be signed.
func (s *signing) confirm(ctx context.Context) error {
	if s.again != nil {
		return nil
	}
	shown := s.preview
	s.shown = &shown
	if s.options.Confirm == nil || s.options.DryRun {
		return nil
	}
	return s.options.Confirm(ctx, shown)
}

// sign signs what was shown: nobody held the directory meanwhile.
func (s *signing) sign(ctx context.Context, m *mesh) error {
	if s.again != nil {
		return s.answerAgain(m)
	}
	if s.shown == nil || !reflect.DeepEqual(*s.shown, s.preview) {
		return fmt.Errorf("%s has changed since it was shown what would be signed", m.Dir())
	}
	signer, err := m.signer(ctx, m.issuer())
	if err != nil {
		return err
	}
	profile, err := m.config.profile()
	if err != nil {
		return err
	}
	draft, err := signer.Prepare(profile, ca.Request{PublicKey: s.request.PublicKey, CommonName: s.cluster, NotAfter: s.preview.NotAfter})
	if err != nil || s.options.DryRun {
		s.done = Signed{SignPreview: s.preview, WithoutCRL: m.config.PublishCRLs}
		return err
	}
	cert, err := signer.Issue(draft)
	if err != nil {
		return err
	}
	made := authorityOf(s.cluster, cert) // without a CRL: its key is elsewhere
	m.add([]*authority{made}, false)
	s.answer(m, made)
	return m.record()
}

func (s *signing) answer(m *mesh, a *authority) {
	has := describe(a.cert)
	s.done = Signed{
		SignPreview: s.preview,
		Certificate: &has,
		WithoutCRL:  m.config.PublishCRLs && a.crl == nil,
		Answer:      Exchange{Certificates: append([]*x509.Certificate{a.cert}, m.issuing...)},
	}
	s.done.NotAfter = a.cert.NotAfter
	if !m.config.PublishCRLs {
		return
	}
	known := m.exchange()
	for _, cert := range known.Certificates {
		if !slices.ContainsFunc(s.done.Answer.Certificates, cert.Equal) {
			s.done.Answer.Certificates = append(s.done.Answer.Certificates, cert)
		}
	}
	s.done.Answer.CRLs = known.CRLs
}

// answerAgain gives the certificate that the key has, if the CA here is still above it.
func (s *signing) answerAgain(m *mesh) error {
	chain := append([]*x509.Certificate{s.again.cert}, m.issuing...)
	if refused, _ := ca.Tolerate(ca.VerifyIntermediate(chain, ca.VerifyOptions{Now: m.now})); len(refused) > 0 {
		return &ca.RuleError{Op: "the certificate that the key has", Violations: refused}
	}
	s.answer(m, s.again)
	s.done.Again = true
	return nil
}
