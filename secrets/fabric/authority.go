package fabric

import (
	"bytes"
	"cmp"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
	"time"

	"sigs.k8s.io/yaml"

	"github.com/trustgen/trustgen/ca"
	"github.com/trustgen/trustgen/ca/store"
)

// authoritiesFolder holds a record of each CA that can stand in a chain of the mesh,
// superseded ones and those whose key is elsewhere included.
const authoritiesFolder = "authorities"

// authority is such a CA: a key. A key can be certified more than once, by a corporate root
// that renews its issuing CA, or by two copies of a directory that sign the same request. All
// of these chains count: the CA ends with the certificate that ends last, until then its CRL is
// needed, and it is revoked when all of its certificates are that have not expired.
type authority struct {
	key string // see id
	// cluster is whose intermediate it is; empty for the CAs above, and for those of
	// other meshes.
	cluster string
	cert    *x509.Certificate   // the one that ends last
	certs   []*x509.Certificate // all of that key, that one first
	// crl is its newest, nil where there is none here.
	crl *x509.RevocationList
	// pending is a revocation that was decided, and is not in the CRL of its issuer yet.
	pending *pending
	// retired is when its cluster left the fabric.
	retired time.Time
}

// pending is a revocation that waits until the successor has taken over.
type pending struct {
	Reason int       `json:"reason"` // RFC 5280 §5.3.1
	At     time.Time `json:"at"`
}

// record is an authority in its file.
type record struct {
	Cluster     string     `json:"cluster,omitempty"`
	Certificate string     `json:"certificate"` // one or more, of one key
	CRL         string     `json:"crl,omitempty"`
	Revocation  *pending   `json:"revocation,omitempty"`
	Retired     *time.Time `json:"retired,omitempty"`
}

// authorityOf is the CA of a certificate.
func authorityOf(cluster string, cert *x509.Certificate) *authority {
	return &authority{key: keyID(cert), cluster: cluster, cert: cert, certs: []*x509.Certificate{cert}}
}

func keyID(cert *x509.Certificate) string {
	id, err := ca.KeyID(cert.PublicKey)
	if err != nil {
		return "" // crypto/x509 read the key, so that it can write it
	}
	return id
}

// id names an authority by its key: a root and a cross-certificate of it have one CRL.
func (a *authority) id() string { return a.key }

// has reports whether a certificate is one of the CA.
func (a *authority) has(cert *x509.Certificate) bool {
	return slices.ContainsFunc(a.certs, cert.Equal)
}

// also gives the CA another certificate of its key and name.
func (a *authority) also(cert *x509.Certificate) {
	if a.has(cert) || !bytes.Equal(cert.RawSubject, a.cert.RawSubject) {
		return
	}
	a.certs = append(a.certs, cert)
	slices.SortStableFunc(a.certs, func(x, y *x509.Certificate) int { return y.NotAfter.Compare(x.NotAfter) })
	a.cert = a.certs[0]
}

// forget leaves out the certificates that have ended, but for the last one.
func (a *authority) forget(now time.Time) {
	a.certs = slices.DeleteFunc(a.certs, func(cert *x509.Certificate) bool {
		return cert != a.cert && !cert.NotAfter.After(now)
	})
}

func (a *authority) ended(now time.Time) bool { return !a.cert.NotAfter.After(now) }

func (a *authority) file() string { return path.Join(authoritiesFolder, a.id()+".yaml") }

// putAuthority writes the record of a CA, in place of the one that it had.
func putAuthority(c changer, a *authority) error {
	r := record{Cluster: a.cluster, Certificate: string(ca.MarshalCertificates(a.certs...)), Revocation: a.pending}
	if a.crl != nil {
		r.CRL = string(ca.MarshalCRLs(a.crl))
	}
	if !a.retired.IsZero() {
		at := a.retired.UTC().Truncate(time.Second)
		r.Retired = &at
	}
	data, err := yaml.Marshal(r)
	if err != nil {
		return err
	}
	return put(c, a.file(), data)
}

// put writes a public file that newer content may take the place of, unless it says the same.
func put(c changer, name string, data []byte) error {
	old, err := c.Read(name, store.Public)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return c.Write(name, data, store.Public)
	case err != nil:
		return err
	case bytes.Equal(old, data):
		return nil
	}
	return c.Replace(name, data, store.Public, func([]byte) error { return nil })
}

// readAuthority reads the record of a CA; none is an fs.ErrNotExist.
func (f *Fabric) readAuthority(r reader, name string) (*authority, error) {
	data, err := r.Read(name, store.Public)
	if err != nil {
		return nil, err
	}
	a, err := parseAuthority(data, f.now())
	if err == nil && a.file() != name {
		err = fmt.Errorf("holds %s, whose key has another name", ca.Describe(a.cert))
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", f.path(name), err)
	}
	return a, nil
}

func parseAuthority(data []byte, now time.Time) (*authority, error) {
	var r record
	if err := yaml.UnmarshalStrict(data, &r); err != nil {
		return nil, fmt.Errorf("is damaged: %w", err)
	}
	a, err := parseCertificates(r)
	if err != nil {
		return nil, fmt.Errorf("certificate: %w", err)
	}
	if r.Retired != nil {
		a.retired = *r.Retired
	}
	if r.Cluster != "" {
		if err := CheckCluster(r.Cluster); err != nil {
			return nil, err
		}
	}
	if r.CRL == "" {
		return a, nil
	}
	lists, err := ca.ParseCRLs([]byte(r.CRL))
	if err == nil && len(lists) != 1 {
		err = fmt.Errorf("%d CRLs, expected one", len(lists))
	}
	if err == nil {
		err = a.checkCRL(lists[0], now)
	}
	if err != nil && !errors.Is(err, ca.ErrCRLNotYetValid) { // the clock was ahead when it was taken
		return nil, fmt.Errorf("crl: %w", err)
	}
	a.crl = lists[0]
	return a, nil
}

func parseCertificates(r record) (*authority, error) {
	certs, err := ca.ParseCertificates([]byte(r.Certificate))
	if err != nil {
		return nil, err
	}
	a := authorityOf(r.Cluster, certs[0])
	a.pending = r.Revocation
	for _, cert := range certs[1:] {
		if keyID(cert) != a.id() || !bytes.Equal(cert.RawSubject, a.cert.RawSubject) {
			return nil, fmt.Errorf("those of %s and of %s, expected those of one key and name", ca.Describe(a.cert), ca.Describe(cert))
		}
		a.also(cert)
	}
	return a, nil
}

// checkCRL is [ca.CheckCRL] for a CA that may have several certificates: one of them is enough.
func (a *authority) checkCRL(list *x509.RevocationList, now time.Time) error {
	var first error
	for _, cert := range a.certs {
		err := ca.CheckCRL(list, cert, now)
		if err == nil {
			return nil
		}
		first = cmp.Or(first, err)
	}
	return first
}

// authorities are all CAs that can stand in a chain of the mesh: the root, then the CAs
// above the clusters and of other meshes, then the clusters' by their names, the newest
// first. A CA that has no record yet, since the directory is an old one or a copy of one,
// is found where it lies.
func (f *Fabric) authorities(ctx context.Context, r reader, root *x509.Certificate) ([]*authority, error) {
	issuing, err := f.readIssuing(r, root)
	if err != nil {
		return nil, err
	}
	sets, err := readSets(r)
	if err != nil {
		return nil, err
	}
	return f.authoritiesIn(ctx, r, issuing, sets)
}

// authoritiesIn is authorities for one who has read the chains.
func (f *Fabric) authoritiesIn(ctx context.Context, r reader, issuing []*x509.Certificate, sets []set) ([]*authority, error) {
	known, err := f.recorded(ctx, r)
	if err != nil {
		return nil, err
	}
	find := func(cluster string, cert *x509.Certificate) {
		if a := known[keyID(cert)]; a != nil {
			a.also(cert)
			return
		}
		a := authorityOf(cluster, cert)
		known[a.id()] = a
	}
	for _, s := range sets {
		for i, cert := range s.chain {
			cluster := ""
			if i == 0 {
				cluster = s.cluster
			}
			find(cluster, cert)
		}
	}
	for _, cert := range issuing {
		find("", cert)
	}
	all := slices.Collect(maps.Values(known))
	for _, a := range all {
		a.forget(f.now())
	}
	sortAuthorities(all, issuing[len(issuing)-1])
	return all, nil
}

// recorded are the CAs that have a record, by their keys.
func (f *Fabric) recorded(ctx context.Context, r reader) (map[string]*authority, error) {
	names, err := r.List(authoritiesFolder)
	if err != nil {
		return nil, err
	}
	known := make(map[string]*authority, len(names))
	for _, name := range names {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		a, err := f.readAuthority(r, path.Join(authoritiesFolder, name))
		if err != nil {
			return nil, err
		}
		known[a.id()] = a
	}
	return known, nil
}

func sortAuthorities(all []*authority, root *x509.Certificate) {
	rank := func(a *authority) int {
		if a.has(root) {
			return 0
		}
		return 1
	}
	slices.SortFunc(all, func(a, b *authority) int {
		return cmp.Or(
			cmp.Compare(rank(a), rank(b)),
			strings.Compare(a.cluster, b.cluster),
			b.cert.NotBefore.Compare(a.cert.NotBefore),
			strings.Compare(a.id(), b.id()),
		)
	})
}

// knowAuthority finds the record of a CA, and writes one where there is none.
func (f *Fabric) knowAuthority(c changer, cert *x509.Certificate) (*authority, error) {
	a := authorityOf("", cert)
	found, err := f.readAuthority(c, a.file())
	switch {
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return nil, err
	case err == nil && found.has(cert):
		return found, nil
	case err == nil:
		a = found
		a.also(cert)
		a.forget(f.now())
	}
	return a, putAuthority(c, a)
}

// wantOwnName refuses a CA that has the name of another key: who looks up CRLs by the name of
// their issuer takes the one for the other, and istiod counts the two as one.
func wantOwnName(all []*authority, cert *x509.Certificate) error {
	for _, a := range all {
		if bytes.Equal(a.cert.RawSubject, cert.RawSubject) && !ca.SamePublicKey(a.cert.PublicKey, cert.PublicKey) {
			return &ca.RuleError{Op: "a CA of the mesh", Violations: []*ca.Violation{{
				Rule: ca.RuleDistinctNames, Cert: cert, Detail: "another CA of the mesh has this name, with another key",
			}}}
		}
	}
	return nil
}

// revocationOf finds the entry of a certificate in the CRL of whoever issued it.
func revocationOf(cert *x509.Certificate, all []*authority) *x509.RevocationListEntry {
	for _, issuer := range all {
		if issuer.crl == nil || !bytes.Equal(issuer.cert.RawSubject, cert.RawIssuer) {
			continue
		}
		if e := ca.RevokedIn(issuer.crl, cert); e != nil {
			return e
		}
	}
	return nil
}

// revokedBy is the entry of the certificate of a CA that ends last, if all are revoked.
func revokedBy(a *authority, all []*authority) *x509.RevocationListEntry {
	var last *x509.RevocationListEntry
	for _, cert := range slices.Backward(a.certs) {
		if last = revocationOf(cert, all); last == nil {
			return nil
		}
	}
	return last
}

func isRevoked(a *authority, all []*authority) bool { return revokedBy(a, all) != nil }
