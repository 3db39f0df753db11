package fabric

import (
	"fmt"
	"path"
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

// publish writes the set into the folder of each cluster. Those in written were written by
// this change.
func (f *Fabric) publish(c changer, all []*authority, written []string, allowIncomplete bool) error {
	clusters, err := c.List(clustersFolder)
	if err != nil {
		return err
	}
	return f.publishTo(c, all, publication{written: written, there: without(clusters, written), allowIncomplete: allowIncomplete})
}

// publication says where the set goes.
type publication struct {
	written []string // clusters whose folders this change wrote
	there   []string // those whose folders were there, and stay
	// allowIncomplete writes the set even if CRLs are missing.
	allowIncomplete bool
}

// publishTo writes the set into the folders of clusters.
func (f *Fabric) publishTo(c changer, all []*authority, p publication) error {
	set, missing := crlSet(all, f.now())
	if len(missing) > 0 && !p.allowIncomplete {
		return &IncompleteError{Dir: f.Dir(), Missing: missing}
	}
	if len(set) == 0 {
		return fmt.Errorf("%s: no CA has a CRL here", f.Dir())
	}
	data := ca.MarshalCRLs(set...)
	if len(data) > maxSetSize {
		return fmt.Errorf("%s: the CRLs of %d CAs take %d bytes, and a Secret has room for %d", f.Dir(), len(set), len(data), maxSetSize)
	}
	for _, cluster := range p.written {
		if err := c.Write(crlFile(cluster), data, store.Public); err != nil {
			return err
		}
	}
	for _, cluster := range p.there {
		if err := put(c, crlFile(cluster), data); err != nil {
			return err
		}
	}
	return nil
}

func crlFile(cluster string) string { return path.Join(clusterFolder(cluster), secrets.CACRLFile) }
