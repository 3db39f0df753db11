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
	"github.com/trustgen/trustgen/ca/store"
)

// SignOptions adjust Sign.
type SignOptions struct {
	// Cluster is whose intermediate it is to be; empty means the cluster that a
	// [Fabric.Request] was made for. Nothing but Confirm vouches for that name.
	Cluster string
	// NotAfter is the end of the intermediate; zero means
	// [ca.DefaultIntermediateLifetime] from now.
	NotAfter time.Time
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
// those that [Fabric.Ensure] has when it issues.
func (f *Fabric) Sign(ctx context.Context, csr []byte, o SignOptions) (Signed, error) {
	request, err := ParseRequest(csr)
	if err != nil {
		return Signed{}, err
	}
	s := &signing{Fabric: f, request: request, options: o, old: &asked{ask: f.password}}
	defer s.old.wipe()
	if s.cluster, err = s.nameCluster(); err != nil {
		return Signed{}, err
	}
	if err := s.ask(ctx); err != nil {
		return Signed{}, err
	}
	var signed Signed
	err = f.change(ctx, o.DryRun, func(c changer) (err error) {
		signed, err = s.sign(ctx, c)
		return err
	})
	if err != nil {
		return Signed{}, err
	}
	return signed, nil
}

// signing is one call of Sign.
type signing struct {
	*Fabric
	request  *x509.CertificateRequest
	options  SignOptions
	cluster  string
	notAfter time.Time
	old      *asked
	shown    SignPreview
}

// found is what the directory says about a request.
type found struct {
	SignPreview
	config config
	chain  []*x509.Certificate // from the CA that issues
	all    []*authority
	again  *authority // what the key has already
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

// ask shows what is going to be signed, and asks for the passphrase that it takes.
func (s *signing) ask(ctx context.Context) error {
	var at found
	var locked string // the file of the key, if it is encrypted
	err := s.store.View(ctx, func(r *store.Snapshot) (err error) {
		if at, err = s.look(ctx, r); err != nil || at.again != nil {
			return err
		}
		locked, err = s.lockedKey(r, at.chain)
		return err
	})
	if err != nil || at.again != nil {
		return err
	}
	s.shown = at.SignPreview
	if s.options.Confirm != nil && !s.options.DryRun {
		if err := s.options.Confirm(ctx, at.SignPreview); err != nil {
			return err
		}
	}
	if locked != "" {
		_, err = s.old.password(ctx, locked)
	}
	return err
}

// lockedKey is the file of the key of the CA that issues, if the key is encrypted.
func (f *Fabric) lockedKey(r reader, chain []*x509.Certificate) (string, error) {
	path, data, err := f.readKeyFile(r, chain)
	if err != nil {
		return "", err
	}
	defer clear(data)
	if _, err := ca.ParseKey(data); !errors.Is(err, ca.ErrEncryptedKey) {
		return "", nil // whatever else is wrong is found when it is used
	}
	return path, nil
}

// look reads the directory, and says what is going to be signed.
func (s *signing) look(ctx context.Context, r reader) (found, error) {
	root, err := s.readRoot(r)
	if err != nil {
		return found{}, err
	}
	var at found
	if at.config, err = s.readConfig(r); err != nil {
		return found{}, err
	}
	if at.chain, err = s.readIssuing(r, root); err != nil {
		return found{}, err
	}
	if at.all, err = s.authorities(ctx, r, root); err != nil {
		return found{}, err
	}
	at.SignPreview = SignPreview{
		Cluster: s.cluster, Key: describeKey(s.request),
		Constraints: at.config.constraints(), Issuer: describe(at.chain[0]),
	}
	if at.Subject, err = ca.TaggedName(s.cluster, s.request.PublicKey); err != nil {
		return found{}, err
	}
	if err := s.lookAtKey(&at); err != nil || at.again != nil {
		return at, err
	}
	at.NotAfter, err = s.end(at.chain[0])
	return at, err
}

// lookAtKey compares the key with those of all CAs of the mesh.
func (s *signing) lookAtKey(at *found) error {
	for _, a := range at.all {
		if ca.SamePublicKey(a.cert.PublicKey, s.request.PublicKey) {
			at.again = a
			return s.mayHaveAgain(a, at.all)
		}
		if a.cert.Subject.CommonName == at.Subject {
			return fmt.Errorf("%w: its tag is that of another key, %s", ErrKeyTaken, ca.Describe(a.cert))
		}
		if a.cluster == s.cluster && !a.ended(s.now()) && a.retired.IsZero() {
			at.Others = append(at.Others, describe(a.cert))
		}
	}
	return nil
}

// mayHaveAgain refuses a key that is in other hands, or must not be used any more.
func (s *signing) mayHaveAgain(a *authority, all []*authority) error {
	var reason string
	switch {
	case a.cluster == "":
		reason = fmt.Sprintf("it is that of %s, which is no intermediate of a cluster", ca.Describe(a.cert))
	case a.cluster != s.cluster:
		reason = fmt.Sprintf("it is that of %s, an intermediate of cluster %s", ca.Describe(a.cert), a.cluster)
	case !a.retired.IsZero():
		reason = fmt.Sprintf("%s has it, and left the mesh", ca.Describe(a.cert))
	case a.pending != nil || isRevoked(a, all):
		reason = fmt.Sprintf("%s has it, and is revoked", ca.Describe(a.cert))
	case a.ended(s.now()):
		reason = fmt.Sprintf("%s had it, and expired at %s", ca.Describe(a.cert), a.cert.NotAfter.UTC().Format(time.RFC3339))
	default:
		return nil
	}
	return fmt.Errorf("%w: %s", ErrKeyTaken, reason)
}

// end is that of the new intermediate, the same before and after it was confirmed.
func (s *signing) end(issuer *x509.Certificate) (time.Time, error) {
	if s.notAfter.IsZero() {
		end := s.options.NotAfter
		if end.IsZero() {
			end = s.now().Add(ca.DefaultIntermediateLifetime)
		}
		s.notAfter = end.UTC().Truncate(time.Second)
	}
	if s.notAfter.After(issuer.NotAfter) {
		return time.Time{}, &ca.LifetimeError{Asked: s.notAfter, Longest: issuer.NotAfter, Issuer: ca.Describe(issuer)}
	}
	return s.notAfter, nil
}

// sign looks again, since nobody held the directory while it was shown, and signs.
func (s *signing) sign(ctx context.Context, c changer) (Signed, error) {
	at, err := s.look(ctx, c)
	if err != nil {
		return Signed{}, err
	}
	if at.again != nil {
		return s.answerAgain(at)
	}
	if !reflect.DeepEqual(s.shown, at.SignPreview) {
		return Signed{}, fmt.Errorf("%s has changed since it was shown what would be signed", s.Dir())
	}
	authority, err := s.loadAuthority(ctx, c, at.chain[len(at.chain)-1], s.old)
	if err != nil {
		return Signed{}, err
	}
	profile, err := at.config.profile()
	if err != nil {
		return Signed{}, err
	}
	draft, err := authority.Prepare(profile, ca.Request{PublicKey: s.request.PublicKey, CommonName: s.cluster, NotAfter: at.NotAfter})
	if err != nil || s.options.DryRun {
		return Signed{SignPreview: at.SignPreview, WithoutCRL: at.config.PublishCRLs}, err
	}
	cert, err := authority.Issue(draft)
	if err != nil {
		return Signed{}, err
	}
	made, err := s.record(c, at, cert)
	if err != nil {
		return Signed{}, err
	}
	return s.answer(at, made), nil
}

// record writes down the new intermediate, without a CRL since its key is elsewhere, and
// the CAs above it.
func (s *signing) record(c changer, at found, cert *x509.Certificate) (*authority, error) {
	made := &authority{cluster: s.cluster, cert: cert}
	for _, above := range at.chain {
		if _, err := s.knowAuthority(c, above); err != nil {
			return nil, err
		}
	}
	return made, putAuthority(c, made)
}

func (s *signing) answer(at found, a *authority) Signed {
	has := describe(a.cert)
	signed := Signed{
		SignPreview: at.SignPreview,
		Certificate: &has,
		WithoutCRL:  at.config.PublishCRLs && a.crl == nil,
		Answer:      Exchange{Certificates: append([]*x509.Certificate{a.cert}, at.chain...)},
	}
	signed.NotAfter = a.cert.NotAfter
	if !at.config.PublishCRLs {
		return signed
	}
	known := s.newExchange(at.all)
	for _, cert := range known.Certificates {
		if !slices.ContainsFunc(signed.Answer.Certificates, cert.Equal) {
			signed.Answer.Certificates = append(signed.Answer.Certificates, cert)
		}
	}
	signed.Answer.CRLs = known.CRLs
	return signed
}

// answerAgain gives the certificate that the key has, if the CA here is still above it.
func (s *signing) answerAgain(at found) (Signed, error) {
	chain := append([]*x509.Certificate{at.again.cert}, at.chain...)
	if refused, _ := ca.Tolerate(ca.VerifyIntermediate(chain, ca.VerifyOptions{Now: s.now})); len(refused) > 0 {
		return Signed{}, &ca.RuleError{Op: "the certificate that the key has", Violations: refused}
	}
	signed := s.answer(at, at.again)
	signed.Again = true
	return signed, nil
}
