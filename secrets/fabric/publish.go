package fabric

import (
	"bytes"
	"crypto/x509"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/trustgen/trustgen/ca"
	"github.com/trustgen/trustgen/ca/store"
	"github.com/trustgen/trustgen/secrets"
)

// A fabric publishes CRLs once it was told to: every cluster then has the complete set, and
// whatever brings a CA into the mesh brings its CRL to every cluster.

// IncompleteError says of which CAs the CRL is missing. Proxies and istiod that have any CRL
// refuse the chains of a CA that has none, so that an incomplete set is an outage.
type IncompleteError struct {
	Dir     string
	Missing []MissingCRL
}

func (e *IncompleteError) Error() string {
	lines := make([]string, len(e.Missing))
	for i, m := range e.Missing {
		lines[i] = m.String()
	}
	return fmt.Sprintf("%s: the set of CRLs is not complete: %s", e.Dir, strings.Join(lines, "; "))
}

// maxSetSize leaves room for the rest of a Secret, which holds at most 1 MiB.
const maxSetSize = 1<<20 - 64<<10

// crlSet is what every cluster gets where CRLs are published, and the CAs whose CRL it lacks.
// Where it takes too much room it goes without the CRLs of CAs that are revoked: their chains
// are refused without them as well.
func (m *mesh) crlSet() ([]*x509.RevocationList, []MissingCRL) {
	set, missing := crlSet(m.all, m.now())
	for _, s := range m.sets {
		if s.damaged {
			missing = append(missing, MissingCRL{Subject: "the CA in " + m.path(s.folder) + ", whose certificate cannot be read,"})
		}
	}
	if len(ca.MarshalCRLs(set...)) <= maxSetSize {
		return set, missing
	}
	revoked := make(map[*x509.RevocationList]bool)
	for _, a := range m.all {
		if a.crl != nil && isRevoked(a, m.all) {
			revoked[a.crl] = true
		}
	}
	return slices.DeleteFunc(set, func(list *x509.RevocationList) bool { return revoked[list] }), missing
}

// Publication is how a mesh stands with its CRLs after a change, and which clusters have to hear
// of it.
type Publication struct {
	// Publishes reports whether every cluster has the CRLs of all CAs; the rest is about them.
	Publishes bool
	// Began reports that this is so since now.
	Began bool
	// Others are the clusters whose sets are here, but for those that the call was about.
	Others []string
	// Elsewhere are the clusters with a CA whose set is in another directory.
	Elsewhere []string
	// Missing is what the set lacks, as it was allowed to.
	Missing []MissingCRL
}

// publication is about all clusters but those that are named.
func (m *mesh) publication(named ...string) Publication {
	p := Publication{Publishes: m.config.PublishCRLs, Began: m.began, Others: without(m.clusters, named), Elsewhere: m.elsewhere()}
	if p.Publishes {
		_, p.Missing = m.crlSet()
	}
	return p
}

// publishSet writes the set into the folders of the clusters, if CRLs are published. Some of
// them were written by this change.
func (m *mesh) publishSet(written []string, allowIncomplete bool) error {
	if !m.config.PublishCRLs {
		return nil
	}
	data, err := m.marshalSet(allowIncomplete)
	if err != nil {
		return err
	}
	for _, cluster := range written {
		if err := m.c.Write(crlFile(cluster), data, store.Public); err != nil {
			return err
		}
	}
	for _, cluster := range without(m.clusters, written) {
		if err := put(m.c, crlFile(cluster), data); err != nil {
			return err
		}
	}
	return nil
}

func (m *mesh) marshalSet(allowIncomplete bool) ([]byte, error) {
	set, missing := m.crlSet()
	if len(missing) > 0 && !allowIncomplete {
		return nil, &IncompleteError{Dir: m.Dir(), Missing: missing}
	}
	if len(set) == 0 {
		return nil, fmt.Errorf("%s: no CA has a CRL here", m.Dir())
	}
	data := ca.MarshalCRLs(set...)
	if len(data) > maxSetSize {
		return nil, fmt.Errorf("%s: the CRLs of %d CAs take %d bytes, and a Secret has room for %d", m.Dir(), len(set), len(data), maxSetSize)
	}
	return data, nil
}

// behind are the clusters whose sets do not have all of these CRLs. What they have beyond that,
// of CAs that have ended since, does no harm.
func (m *mesh) behind(set []*x509.RevocationList) []string {
	want := ca.MarshalCRLs(set...)
	var behind []string
	for _, cluster := range m.clusters {
		data, err := m.c.Read(crlFile(cluster), store.Public)
		if err == nil && bytes.Equal(data, want) {
			continue
		}
		has, err := ca.ParseCRLs(data)
		lacks := func(list *x509.RevocationList) bool {
			return !slices.ContainsFunc(has, func(other *x509.RevocationList) bool { return bytes.Equal(other.Raw, list.Raw) })
		}
		if err != nil || slices.ContainsFunc(set, lacks) {
			behind = append(behind, cluster)
		}
	}
	return behind
}

func crlFile(cluster string) string { return path.Join(clusterFolder(cluster), secrets.CACRLFile) }
