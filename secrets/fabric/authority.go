package fabric

import (
	"bytes"
	"cmp"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
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

// authority is such a CA.
type authority struct {
	// cluster is whose intermediate it is; empty for the CAs above, and for those of
	// other meshes.
	cluster string
	cert    *x509.Certificate
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
	Certificate string     `json:"certificate"`
	CRL         string     `json:"crl,omitempty"`
	Revocation  *pending   `json:"revocation,omitempty"`
	Retired     *time.Time `json:"retired,omitempty"`
}

// id names an authority by its key: a root and a cross-certificate of it have one CRL.
func (a *authority) id() string {
	id, err := ca.KeyID(a.cert.PublicKey)
	if err != nil {
		return "" // crypto/x509 read the key, so that it can write it
	}
	return id
}

func (a *authority) ended(now time.Time) bool { return !a.cert.NotAfter.After(now) }

func (a *authority) file() string { return path.Join(authoritiesFolder, a.id()+".yaml") }

// putAuthority writes the record of a CA, in place of the one that it had.
func putAuthority(c changer, a *authority) error {
	r := record{Cluster: a.cluster, Certificate: string(ca.MarshalCertificates(a.cert)), Revocation: a.pending}
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
	certs, err := ca.ParseCertificates([]byte(r.Certificate))
	if err == nil && len(certs) != 1 {
		err = fmt.Errorf("%d certificates, expected one", len(certs))
	}
	if err != nil {
		return nil, fmt.Errorf("certificate: %w", err)
	}
	a := &authority{cluster: r.Cluster, cert: certs[0], pending: r.Revocation}
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
		err = ca.CheckCRL(lists[0], a.cert, now)
	}
	if err != nil {
		return nil, fmt.Errorf("crl: %w", err)
	}
	a.crl = lists[0]
	return a, nil
}

// authorities are all CAs that can stand in a chain of the mesh: the root, then the CAs
// above the clusters and of other meshes, then the clusters' by their names, the newest
// first. A CA that has no record yet, since the directory is an old one or a copy of one,
// is found where it lies.
func (f *Fabric) authorities(ctx context.Context, r reader, root *x509.Certificate) ([]*authority, error) {
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
	unrecorded, err := f.unrecorded(r, root)
	if err != nil {
		return nil, err
	}
	all := make([]*authority, 0, len(known)+len(unrecorded))
	for _, a := range unrecorded {
		if known[a.id()] == nil {
			known[a.id()] = a
		}
	}
	for _, a := range known {
		all = append(all, a)
	}
	sortAuthorities(all, root)
	return all, nil
}

func sortAuthorities(all []*authority, root *x509.Certificate) {
	rank := func(a *authority) int {
		if a.cert.Equal(root) {
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

// unrecorded are the CAs of the directory that need no record to be found.
func (f *Fabric) unrecorded(r reader, root *x509.Certificate) ([]*authority, error) {
	chain, err := f.readIssuing(r, root)
	if err != nil {
		return nil, err
	}
	var all []*authority
	for _, cert := range chain {
		all = append(all, &authority{cert: cert})
	}
	clusters, err := r.List(clustersFolder)
	if err != nil {
		return nil, err
	}
	for _, cluster := range clusters {
		folders, err := generations(r, cluster)
		if err != nil {
			return nil, err
		}
		for _, folder := range folders {
			for i, cert := range chainIn(r, folder) {
				a := &authority{cert: cert}
				if i == 0 {
					a.cluster = cluster
				}
				all = append(all, a)
			}
		}
	}
	return all, nil
}

// knowAuthority finds the record of a CA, and writes one where there is none.
func (f *Fabric) knowAuthority(c changer, cert *x509.Certificate) (*authority, error) {
	a := &authority{cert: cert}
	found, err := f.readAuthority(c, a.file())
	if errors.Is(err, fs.ErrNotExist) {
		return a, putAuthority(c, a)
	}
	return found, err
}

// merge puts what a change made in the place of what there was before.
func merge(all, fresh []*authority) []*authority {
	merged := slices.Clone(all)
	for _, a := range fresh {
		same := func(b *authority) bool { return b.id() == a.id() }
		if i := slices.IndexFunc(merged, same); i >= 0 {
			merged[i] = a
		} else {
			merged = append(merged, a)
		}
	}
	return merged
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

// revokedBy finds the entry of a CA in the CRL of whoever issued it.
func revokedBy(a *authority, all []*authority) *x509.RevocationListEntry {
	for _, issuer := range all {
		if issuer.crl == nil || !bytes.Equal(issuer.cert.RawSubject, a.cert.RawIssuer) {
			continue
		}
		if e := ca.RevokedIn(issuer.crl, a.cert); e != nil {
			return e
		}
	}
	return nil
}

func isRevoked(a *authority, all []*authority) bool { return revokedBy(a, all) != nil }
