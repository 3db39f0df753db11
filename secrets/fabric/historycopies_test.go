package fabric_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/trustgen/trustgen/ca/catest"
	"github.com/trustgen/trustgen/secrets/fabric"
	"github.com/trustgen/trustgen/secrets/mesh"
)

// mayPart expects that beside the clusters no CRL is taken that takes a revocation back, as
// long as a copy signs as well.
func (h *history) mayPart(err error) error {
	if h.parted && errors.Is(err, fabric.ErrKeyMissing) {
		h.idle = true
		return nil
	}
	return err
}

// installFromCopy has a copy which is behind answer a request. Its CRL is newer than what it
// knows.
func (h *history) installFromCopy(t *testing.T, cluster string) error {
	t.Helper()
	if h.copied == nil {
		h.idle = true
		return nil
	}
	if catest.Must(h.copied.CAs(t.Context(), fabric.CAsOptions{}))(t).Publishes {
		_, err := h.copied.RefreshCRLs(t.Context(), fabric.RefreshCRLsOptions{NextUpdate: h.now.Add(60 * day)})
		if err != nil {
			return h.mayLackInCopy(err)
		}
	}
	h.parted, h.silent = true, true
	requested, err := h.beside.Request(t.Context(), cluster, fabric.RequestOptions{New: true})
	if err != nil {
		return err
	}
	signed, err := h.copied.Sign(t.Context(), requested.CSR, fabric.SignOptions{Cluster: cluster, Rejoin: true})
	if err != nil {
		return err
	}
	_, err = h.beside.Install(t.Context(), signed.Response, fabric.InstallOptions{ConfirmRoot: trusting})
	if err = h.mayLack(h.mayPart(err)); err != nil || h.idle {
		return err
	}
	h.cas = append(h.cas, &remembered{place: h.beside, cluster: cluster, bundle: catest.Must(h.beside.Bundle(t.Context(), cluster))(t), untold: true})
	return nil
}

// restore puts a copy in the place of the directory with the root, as SECURITY.md says: the sets
// of all clusters tell it what came after it, and every cluster gets an intermediate that it
// knows. Where a CRL is missing the person waits with that.
func (h *history) restore(t *testing.T) error {
	t.Helper()
	sets, clusters := h.sets(t)
	if h.copied == nil || len(clusters) == 0 || len(sets.CRLs) == 0 {
		h.idle = true // without CRLs in the sets, nobody has those of what was issued since
		return nil
	}
	f := copyOf(t, h.copied, h.clock)
	if _, err := f.ImportCRLs(t.Context(), sets, fabric.ImportCRLsOptions{}); err != nil {
		return h.mayLackInCopy(err)
	}
	if _, err := f.RefreshCRLs(t.Context(), fabric.RefreshCRLsOptions{}); err != nil {
		return h.mayLackInCopy(err)
	}
	for _, c := range catest.Must(f.Status(t.Context()))(t).Clusters {
		if !c.Remote && !slices.Contains(clusters, c.Name) {
			clusters = append(clusters, c.Name)
		}
	}
	if _, err := f.Ensure(t.Context(), clusters, fabric.EnsureOptions{Renew: true, Rejoin: true}); err != nil {
		return h.mayLackInCopy(err)
	}
	h.recall(catest.Must(f.CAs(t.Context(), fabric.CAsOptions{}))(t).CAs, f, clusters)
	h.root, h.silent = f, true
	return nil
}

// mayLackInCopy is mayLack for a copy, which may lack the CRL of what it has signed.
func (h *history) mayLackInCopy(err error) error {
	silent := h.silent
	defer func() { h.silent = silent }()
	h.silent = true
	return h.mayLack(err)
}

// sets are what all clusters have, and the clusters whose keys are where the root is.
func (h *history) sets(t *testing.T) (all mesh.Exchange, clusters []string) {
	t.Helper()
	for _, f := range []*fabric.Fabric{h.root, h.beside} {
		if !h.has(t, f) {
			continue
		}
		for _, c := range catest.Must(f.Status(t.Context()))(t).Clusters {
			if c.Remote {
				continue
			}
			b := catest.Must(f.Bundle(t.Context(), c.Name))(t)
			all.Certificates, all.CRLs = append(all.Certificates, b.Chain()...), append(all.CRLs, b.CRLs()...)
			if f == h.root {
				clusters = append(clusters, c.Name)
			}
		}
	}
	return all, clusters
}

// recall is what a person remembers of a directory that was restored: it may have forgotten
// CAs, that a revocation is pending, and that a cluster has left.
func (h *history) recall(all []mesh.Status, restored *fabric.Fabric, clusters []string) {
	find := func(subject string) *mesh.Status {
		i := slices.IndexFunc(all, func(a mesh.Status) bool { return a.Certificate.Subject == subject })
		if i < 0 {
			return nil
		}
		return &all[i]
	}
	for _, r := range h.cas {
		a := find(r.bundle.Certificate().Subject.CommonName)
		r.pending = a != nil && (a.Lifecycle == mesh.LifecyclePending || r.revoked)
		r.retired = a != nil && a.Lifecycle == mesh.LifecycleRetired || r.retired && r.place == h.root && !slices.Contains(clusters, r.cluster)
		switch r.place {
		case h.root:
			r.place, r.lost = restored, r.lost || a == nil
		case h.beside:
			r.untold = a == nil
		}
	}
	if h.cross != nil && find(h.cross.Subject.CommonName) == nil {
		h.cross = nil
	}
}
