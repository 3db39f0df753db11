package fabric_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/trustgen/trustgen/ca/catest"
	"github.com/trustgen/trustgen/secrets/fabric"
	"github.com/trustgen/trustgen/secrets/mesh"
)

// allowDiverged accepts that a directory without the key refuses a CRL that withdraws a revocation,
// while a copy of the directory with the key signs as well.
func (h *history) allowDiverged(err error) error {
	if h.diverged && errors.Is(err, fabric.ErrKeyMissing) {
		h.noEffect = true
		return nil
	}
	return err
}

// installFromCopy installs a response that an older copy has signed. The CRL of the copy has the
// highest number, and not all revocations.
func (h *history) installFromCopy(t *testing.T, cluster string) error {
	t.Helper()
	if h.copied == nil {
		h.noEffect = true
		return nil
	}
	if publishes(t, h.copied) {
		_, err := h.copied.RefreshCRLs(t.Context(), fabric.RefreshCRLsOptions{NextUpdate: h.now.Add(60 * day)})
		if err != nil {
			return h.allowMissingInCopy(err)
		}
	}
	h.diverged, h.unsynced = true, true
	requested, err := h.clusterDir.Request(t.Context(), cluster, fabric.RequestOptions{New: true})
	if err != nil {
		return err
	}
	signed, err := h.copied.Sign(t.Context(), requested.CSR, fabric.SignOptions{Cluster: cluster, Rejoin: true})
	if err != nil {
		return err
	}
	_, err = h.clusterDir.Install(t.Context(), signed.Response, fabric.InstallOptions{ConfirmRoot: confirmRoot})
	if err = h.allowMissing(h.allowDiverged(err)); err != nil || h.noEffect {
		return err
	}
	h.cas = append(h.cas, &remembered{place: h.clusterDir, cluster: cluster, bundle: catest.Must(h.clusterDir.Bundle(t.Context(), cluster))(t), unknownToRoot: true})
	return nil
}

// restore replaces the directory of the root by a copy, as docs/directory.md says: the CA bundles of all
// clusters are imported into it, and every cluster gets a new intermediate. The person waits with
// that if a CRL is missing.
func (h *history) restore(t *testing.T) error {
	t.Helper()
	bundles, clusters := h.bundles(t)
	if h.copied == nil || len(clusters) == 0 || len(bundles.CRLs) == 0 {
		h.noEffect = true // no bundle has the CRLs of the CAs that the copy does not know
		return nil
	}
	f := copyOf(t, h.copied, h.clock)
	if _, err := f.ImportCRLs(t.Context(), bundles, fabric.ImportCRLsOptions{}); err != nil {
		return h.allowMissingInCopy(err)
	}
	if _, err := f.RefreshCRLs(t.Context(), fabric.RefreshCRLsOptions{}); err != nil {
		return h.allowMissingInCopy(err)
	}
	for _, c := range catest.Must(f.Status(t.Context()))(t).Clusters {
		if !c.Remote && !slices.Contains(clusters, c.Name) {
			clusters = append(clusters, c.Name)
		}
	}
	if _, err := f.Ensure(t.Context(), clusters, fabric.EnsureOptions{Renew: true, Rejoin: true}); err != nil {
		return h.allowMissingInCopy(err)
	}
	h.recall(catest.Must(f.CAs(t.Context(), fabric.CAsOptions{}))(t).CAs, f, clusters)
	h.rootDir, h.unsynced = f, true
	return nil
}

// allowMissingInCopy is allowMissing for a copy: the CRL of what it signed may be missing there.
func (h *history) allowMissingInCopy(err error) error {
	silent := h.unsynced
	defer func() { h.unsynced = silent }()
	h.unsynced = true
	return h.allowMissing(err)
}

// bundles are the CA bundles of all clusters, and the local clusters of the root.
func (h *history) bundles(t *testing.T) (all mesh.Exchange, clusters []string) {
	t.Helper()
	for _, f := range []*fabric.Fabric{h.rootDir, h.clusterDir} {
		if !h.hasRoot(t, f) {
			continue
		}
		for _, c := range catest.Must(f.Status(t.Context()))(t).Clusters {
			if c.Remote {
				continue
			}
			b := catest.Must(f.Bundle(t.Context(), c.Name))(t)
			all.Certificates, all.CRLs = append(all.Certificates, b.Chain()...), append(all.CRLs, b.CRLs()...)
			if f == h.rootDir {
				clusters = append(clusters, c.Name)
			}
		}
	}
	return all, clusters
}

// recall corrects what the person remembers after a restore: the copy may miss CAs, pending
// revocations, and that a cluster has left.
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
		r.retired = a != nil && a.Lifecycle == mesh.LifecycleRetired || r.retired && r.place == h.rootDir && !slices.Contains(clusters, r.cluster)
		switch r.place {
		case h.rootDir:
			r.place, r.lost = restored, r.lost || a == nil
		case h.clusterDir:
			r.unknownToRoot = a == nil
		}
	}
	if h.cross != nil && find(h.cross.Subject.CommonName) == nil {
		h.cross = nil
	}
}
