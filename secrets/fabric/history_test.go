package fabric_test

import (
	"bytes"
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/trustgen/trustgen/ca"
	"github.com/trustgen/trustgen/ca/catest"
	"github.com/trustgen/trustgen/secrets"
	"github.com/trustgen/trustgen/secrets/fabric"
	"github.com/trustgen/trustgen/secrets/mesh"
)

const (
	histories     = 12
	historyLength = 24
)

// TestHistory_TheRightClustersTrustEachOther does random things to a mesh in two directories, to a
// copy of one, and to another mesh, and expects what a person expects.
//
// After every step, of each cluster:
//   - its chain leads to its root, and its CA bundle has the CRLs of the chain, if it has any
//   - its CRL bundle is the one of its directory
//   - it accepts the workloads of all intermediates of its directory that are not revoked
//
// After the directories have exchanged their CAs and CRLs, each cluster of the mesh:
//   - accepts the workloads of every intermediate that was not revoked, and no others
//   - accepts the workloads of the other mesh if its root is cross-signed and not revoked
//
// A change may be refused only because a CRL is missing that no exchange has brought yet. A
// history that fails is shortened to the steps that it needs.
func TestHistory_TheRightClustersTrustEachOther(t *testing.T) {
	t.Parallel()
	var did tally
	t.Run("seeds", func(t *testing.T) {
		for seed := range histories {
			t.Run(fmt.Sprintf("seed %d", seed), func(t *testing.T) {
				t.Parallel()
				steps := randomSteps(seed)
				h := newHistory(t)
				err := h.run(t, steps)
				if did.add(h.did); err == nil {
					return
				}
				steps, err = shrink(t, steps, err)
				lines := make([]string, len(steps))
				for i, s := range steps {
					lines[i] = s.String()
				}
				t.Errorf("%v, at the end of\n%s", err, strings.Join(lines, "\n"))
			})
		}
	})
	t.Logf("effects by verb: %v", did.times)
	counted := []string{"accepted", "refused"}
	for _, v := range verbs {
		counted = append(counted, v.verb)
	}
	for _, what := range counted {
		if did.times[what] == 0 && !t.Failed() {
			t.Errorf("%q never had an effect: %v", what, did.times)
		}
	}
}

// history is a mesh in two directories, another mesh, and what a person remembers of them.
type history struct {
	*clock
	rootDir, clusterDir *fabric.Fabric
	foreign             *fabric.Fabric    // the other mesh
	copied              *fabric.Fabric    // of rootDir, nil before the first copy
	cross               *x509.Certificate // of the root of the other mesh, nil before it is cross-signed
	cas                 []*remembered
	unsynced            bool           // a directory has something that no exchange has brought to the others
	diverged            bool           // the copy has signed a CRL that rootDir does not have
	noEffect            bool           // the last step changed nothing
	did                 map[string]int // how often each verb had an effect, and how often a peer was accepted or refused
}

// remembered is an intermediate that existed at some time.
type remembered struct {
	place            *fabric.Fabric // the directory that has its key
	cluster          string
	bundle           *secrets.CACerts
	pending, revoked bool
	workload         *peer // made again when its certificate has expired
	retired          bool
	unknownToRoot    bool // rootDir does not have its certificate yet
	lost             bool // no directory has its certificate any more
}

func newHistory(t *testing.T) *history {
	t.Helper()
	p := newDirectories(t, fabric.RootOptions{})
	return &history{clock: p.clock, rootDir: p.rootDir, clusterDir: p.clusterDir, foreign: otherMesh(t, p.clock, "foreign.example"), did: make(map[string]int)}
}

func (h *history) run(t *testing.T, steps []step) error {
	t.Helper()
	for i, s := range slices.Concat(steps, []step{{verb: "exchange"}}) {
		h.advance(s.after)
		h.noEffect = false
		err := h.do(t, s)
		if err == nil && !h.noEffect {
			h.did[s.verb]++
		}
		if err == nil {
			err = h.inspect(t)
		}
		if err == nil && s.verb == "exchange" {
			err = h.checkAll()
		}
		if err != nil {
			return fmt.Errorf("step %d, %s: %w", i, s, err)
		}
	}
	return nil
}

func (h *history) do(t *testing.T, s step) error {
	t.Helper()
	ctx := t.Context()
	switch s.verb {
	case "ensure", "ensure briefly", "renew":
		o := fabric.EnsureOptions{Renew: s.verb == "renew", Rejoin: true}
		if s.verb == "ensure briefly" {
			o.NotAfter = h.now.Add(40 * day)
		}
		_, err := h.rootDir.Ensure(ctx, []string{s.cluster}, o)
		return h.allowMissing(err)
	case "install":
		return h.install(t, s.cluster)
	case "revoke", "revoke now", "finish":
		return h.revoke(t, s)
	case "retire", "retire and revoke":
		return h.retire(t, s)
	case "refresh", "refresh for a while":
		o := fabric.RefreshCRLsOptions{}
		if s.verb != "refresh" {
			o.NextUpdate = h.now.Add(60 * day)
		}
		_, err := h.rootDir.RefreshCRLs(ctx, o)
		return h.allowMissing(err)
	case "copy":
		h.copied = copyOf(t, h.rootDir, h.clock)
		return nil
	case "restore a copy":
		return h.restore(t)
	case "install from a copy":
		return h.installFromCopy(t, s.cluster)
	case "cross-sign":
		done, err := h.rootDir.CrossSign(ctx, h.foreignRoot(t), fabric.CrossSignOptions{TrustDomain: "foreign.example"})
		h.cross, h.unsynced = done.Cross, true
		return err
	case "renew foreign":
		h.unsynced = true
		_, err := h.foreign.Ensure(ctx, []string{"foreign"}, fabric.EnsureOptions{Renew: true})
		return err
	case "revoke foreign":
		h.unsynced = true
		return h.revokeIn(t, h.foreign, "foreign")
	}
	return h.exchangeAll(t) // also after a wait: a CRL may be due
}

func (h *history) foreignRoot(t *testing.T) *x509.Certificate {
	t.Helper()
	return rootCert(t, h.foreign)
}

// allowMissing accepts that a change is refused because the CRL of a remote or foreign CA was not
// exchanged yet. Any other error is returned.
func (h *history) allowMissing(err error) error {
	var incomplete *mesh.IncompleteError
	if !h.unsynced || !errors.As(err, &incomplete) {
		return err
	}
	for _, m := range incomplete.Missing {
		foreign := h.cross != nil && m.Subject == ca.Describe(h.cross)
		if !slices.Contains(remoteClusters, m.Cluster) && !foreign {
			return err
		}
	}
	h.noEffect = true
	return nil
}

func (h *history) install(t *testing.T, cluster string) error {
	t.Helper()
	requested, err := h.clusterDir.Request(t.Context(), cluster, fabric.RequestOptions{})
	if err != nil {
		return err
	}
	h.unsynced = true
	signed, err := h.rootDir.Sign(t.Context(), requested.CSR, fabric.SignOptions{Cluster: cluster, Rejoin: true})
	if errors.Is(err, mesh.ErrKeyInUse) { // it was revoked before it was installed
		h.noEffect = true
		_, err = h.clusterDir.Request(t.Context(), cluster, fabric.RequestOptions{New: true})
		return err
	}
	if err != nil {
		return err
	}
	_, err = h.clusterDir.Install(t.Context(), signed.Response, fabric.InstallOptions{ConfirmRoot: confirmRoot})
	return h.allowMissing(h.allowDiverged(err))
}

// usable are the intermediates of a cluster that are neither revoked nor expired, as far as the
// directory of the root can know.
func (h *history) usable(cluster string) (live, pending []*remembered) {
	for _, r := range h.cas {
		switch {
		case r.cluster != cluster || r.revoked || r.unknownToRoot || r.lost || !r.bundle.Certificate().NotAfter.After(h.now):
		case r.pending:
			pending = append(pending, r)
		default:
			live = append(live, r)
		}
	}
	return live, pending
}

func (h *history) revoke(t *testing.T, s step) error {
	t.Helper()
	if s.verb == "finish" {
		s.cluster = h.withPending(s.cluster)
	}
	live, pending := h.usable(s.cluster)
	retired := slices.IndexFunc(slices.Concat(live, pending), func(r *remembered) bool { return !r.retired }) < 0
	var err error
	if s.verb == "finish" {
		_, err = h.rootDir.FinishRevocation(t.Context(), []string{s.cluster}, fabric.FinishRevocationOptions{})
	} else {
		_, err = h.rootDir.Revoke(t.Context(), []string{s.cluster}, fabric.RevokeOptions{Now: s.verb == "revoke now"})
	}
	none := errors.As(err, new(*mesh.NoIntermediateError)) && (len(live)+len(pending) == 0 || s.verb == "finish" && len(pending) == 0)
	without := errors.As(err, new(*mesh.NoSuccessorError)) && len(live) == 0
	if none || without || err != nil && h.allowMissing(err) == nil {
		h.noEffect = true
		return nil
	}
	if err != nil {
		return err
	}
	if len(pending) == 0 {
		pending = live
	}
	for _, r := range pending {
		r.pending = true
		r.revoked = s.verb != "revoke" || retired
	}
	h.unsynced = h.unsynced || slices.Contains(remoteClusters, s.cluster)
	return nil
}

// withPending is a cluster with a pending revocation, or the given one if there is none.
func (h *history) withPending(cluster string) string {
	for _, other := range slices.Concat([]string{cluster}, allClusters) {
		if _, pending := h.usable(other); len(pending) > 0 {
			return other
		}
	}
	return cluster
}

func (h *history) revokeIn(t *testing.T, f *fabric.Fabric, cluster string) error {
	t.Helper()
	_, err := f.Revoke(t.Context(), []string{cluster}, fabric.RevokeOptions{Now: true})
	live, _ := h.usable(cluster)
	for _, r := range live {
		r.revoked = err == nil
	}
	return err
}

func (h *history) retire(t *testing.T, s step) error {
	t.Helper()
	live, pending := h.usable(s.cluster)
	_, err := h.rootDir.Retire(t.Context(), s.cluster, fabric.RetireOptions{Revoke: s.verb != "retire"})
	if errors.As(err, new(*mesh.NoIntermediateError)) && len(live)+len(pending) == 0 || err != nil && h.allowMissing(err) == nil {
		h.noEffect = true
		return nil
	}
	if err != nil {
		return err
	}
	for _, r := range h.cas {
		r.retired = r.retired || r.cluster == s.cluster && !r.unknownToRoot
	}
	for _, r := range slices.Concat(live, pending) {
		r.revoked = s.verb != "retire"
	}
	return nil
}

// exchangeAll exchanges CAs and CRLs between all directories, and installs what waited for that.
func (h *history) exchangeAll(t *testing.T) error {
	t.Helper()
	if h.cross != nil {
		if err := tryExchange(t, h.foreign, h.rootDir); err != nil {
			return err
		}
	}
	if h.diverged { // rootDir merges what it and its copy revoke
		if err := tryExchange(t, h.clusterDir, h.rootDir); err != nil {
			return err
		}
		h.diverged = false
	}
	if err := h.installWaiting(t); err != nil {
		return err
	}
	places := []*fabric.Fabric{h.rootDir}
	if h.hasRoot(t, h.clusterDir) {
		if err := errors.Join(tryExchange(t, h.clusterDir, h.rootDir), tryExchange(t, h.rootDir, h.clusterDir)); err != nil {
			return err
		}
		places = append(places, h.clusterDir)
	}
	h.unsynced = false
	for _, r := range h.cas {
		r.unknownToRoot = false
	}
	if !publishes(t, h.rootDir) {
		return nil
	}
	for i, f := range places {
		if _, err := f.RefreshCRLs(t.Context(), fabric.RefreshCRLsOptions{}); err != nil {
			return err
		}
		if i == 0 && len(places) > 1 {
			if err := tryExchange(t, h.rootDir, h.clusterDir); err != nil {
				return err
			}
		}
	}
	return nil
}

// tryExchange imports the CAs and CRLs of one directory into another one.
func tryExchange(t *testing.T, from, to *fabric.Fabric) error {
	t.Helper()
	_, err := to.ImportCRLs(t.Context(), catest.Must(from.Exchange(t.Context()))(t), fabric.ImportCRLsOptions{})
	return err
}

// installWaiting installs the signed responses that could not be installed because a CRL was missing.
func (h *history) installWaiting(t *testing.T) error {
	t.Helper()
	for _, cluster := range remoteClusters {
		if _, waits := tree(t, h.clusterDir.Dir())["requests/"+cluster+"/request.pem"]; !waits {
			continue
		}
		if err := h.install(t, cluster); err != nil {
			return err
		}
	}
	return nil
}

// hasRoot reports whether a directory has a root yet.
func (h *history) hasRoot(t *testing.T, f *fabric.Fabric) bool {
	t.Helper()
	_, there := tree(t, f.Dir())["root-cert.pem"]
	return there
}

// inspect remembers the intermediates of all clusters, and checks each cluster against its directory.
func (h *history) inspect(t *testing.T) error {
	t.Helper()
	for _, f := range []*fabric.Fabric{h.rootDir, h.clusterDir, h.foreign} {
		status, err := f.Status(t.Context())
		if errors.Is(err, fabric.ErrNoRoot) {
			continue
		}
		if err != nil {
			return err
		}
		want, err := h.publishedCRLs(t, f)
		if err != nil {
			return err
		}
		for _, c := range status.Clusters {
			if c.Remote || c.Certificate == (mesh.Summary{}) && c.Err == nil {
				continue
			}
			if err := h.inspectCluster(t, f, c.Name, want); err != nil {
				return fmt.Errorf("%s: %w", c.Name, err)
			}
		}
	}
	return nil
}

// inspectCluster checks the CA bundle of a cluster against its directory, and the CRLs against those
// that the directory publishes.
func (h *history) inspectCluster(t *testing.T, f *fabric.Fabric, cluster string, want []byte) error {
	t.Helper()
	b, err := f.Bundle(t.Context(), cluster)
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(h.cas, func(r *remembered) bool { return r.bundle.Certificate().Equal(b.Certificate()) }) {
		h.cas = append(h.cas, &remembered{place: f, cluster: cluster, bundle: b})
	}
	for _, r := range h.cas {
		if r.place == f && r.cluster == cluster && r.bundle.Certificate().Equal(b.Certificate()) {
			r.bundle = b // with the CRLs that it has now
		}
	}
	if except := []ca.Rule{ca.RuleExpired}; len(ca.VerifyIntermediate(b.Chain(), ca.VerifyOptions{Roots: b.Roots(), Now: h.Now, Except: except})) > 0 {
		return errors.New("its chain is not valid")
	}
	ended := !b.Certificate().NotAfter.After(h.now)
	if without := b.WithoutCRL(); len(without) > 0 && !ended {
		return fmt.Errorf("the CRL of %s is missing in its CA bundle", ca.Describe(without[0]))
	}
	if err := h.checkCRLs(b, want); err != nil {
		return err
	}
	for _, r := range h.cas {
		if r.place == f && !r.revoked && !r.lost {
			if err := h.checkAccepted(b, r); err != nil {
				return fmt.Errorf("refuses %s of its own directory: %w", ca.Describe(r.bundle.Certificate()), err)
			}
		}
	}
	return nil
}

// publishedCRLs is the CRL bundle of a directory: empty if it publishes none, and nil if CRLs are
// missing that no exchange has brought yet.
func (h *history) publishedCRLs(t *testing.T, f *fabric.Fabric) ([]byte, error) {
	t.Helper()
	if !publishes(t, f) {
		return []byte{}, nil
	}
	bundle, err := f.CRLs(t.Context(), fabric.CRLsOptions{})
	if err != nil {
		return nil, h.allowMissing(err)
	}
	return ca.MarshalCRLs(bundle.CRLs...), nil
}

// publishes reports whether a directory publishes CRLs, by its settings.
func publishes(t *testing.T, f *fabric.Fabric) bool {
	t.Helper()
	return strings.Contains(string(readFile(t, f, "fabric.yaml")), "publishCRLs: true")
}

// checkCRLs expects that a cluster has the CRLs that its directory publishes. The CRLs of CAs that
// have expired stay in the bundle until it is written again.
func (h *history) checkCRLs(b *secrets.CACerts, want []byte) error {
	if want == nil || h.unsynced {
		return nil
	}
	if got := ca.MarshalCRLs(b.CRLs()...); !bytes.Equal(got, want) && !h.equalsUnexpired(b, want) {
		return fmt.Errorf("its CRL bundle has %d CRLs, and is not that of the directory", len(b.CRLs()))
	}
	return nil
}

// equalsUnexpired reports whether a CRL bundle without the expired CRLs is the one of the directory.
func (h *history) equalsUnexpired(b *secrets.CACerts, want []byte) bool {
	valid := slices.DeleteFunc(b.CRLs(), func(list *x509.RevocationList) bool { return !list.NextUpdate.After(h.now) })
	return bytes.Equal(ca.MarshalCRLs(valid...), want)
}

// checkAccepted expects that the workloads of a cluster accept those of an intermediate, unless it
// has expired.
func (h *history) checkAccepted(b *secrets.CACerts, r *remembered) error {
	other, err := h.peer(r)
	if other == nil || err != nil {
		return err
	}
	return peer{roots: b.Roots(), crls: b.CRLs()}.refuses(*other, h.now)
}

// peer is a workload of an intermediate, nil if the intermediate has expired.
func (h *history) peer(r *remembered) (*peer, error) {
	if !r.bundle.Certificate().NotAfter.After(h.now) {
		return nil, nil
	}
	domain := fabric.DefaultTrustDomain
	if r.place == h.foreign {
		domain = "foreign.example"
	}
	if r.workload == nil || !r.workload.chain[0].NotAfter.After(h.now) {
		p, err := makePeer(r.bundle, domain, h.Now)
		if err != nil {
			return nil, err
		}
		r.workload = &p
	}
	p := *r.workload
	if r.place == h.foreign && h.cross != nil {
		p.chain = append(slices.Clone(p.chain), h.cross)
	}
	return &p, nil
}

// checkAll checks every cluster against every intermediate after an exchange.
func (h *history) checkAll() error {
	for _, to := range h.acceptors() {
		for _, from := range h.cas {
			err := h.checkAccepted(to.bundle, from)
			foreign := (to.place == h.foreign) != (from.place == h.foreign)
			unchecked := foreign && len(to.bundle.CRLs()) == 0
			trusted := (!from.revoked || unchecked) && (!foreign || to.place != h.foreign && h.cross != nil)
			ended := !from.bundle.Certificate().NotAfter.After(h.now)
			switch {
			case ended || from.lost && !from.revoked:
			case trusted == (err == nil):
				h.did[map[bool]string{true: "accepted", false: "refused"}[trusted]]++
			case trusted:
				return fmt.Errorf("%s refuses %s: %w", ca.Describe(to.bundle.Certificate()), ca.Describe(from.bundle.Certificate()), err)
			default:
				return fmt.Errorf("%s accepts %s, which is not to be trusted", ca.Describe(to.bundle.Certificate()), ca.Describe(from.bundle.Certificate()))
			}
		}
	}
	return nil
}

// acceptors are the current intermediates of the clusters that are in the mesh.
func (h *history) acceptors() []*remembered {
	var all []*remembered
	for i, r := range h.cas {
		newer := func(n *remembered) bool { return n.cluster == r.cluster }
		if !r.retired && !r.lost && !slices.ContainsFunc(h.cas[i+1:], newer) {
			all = append(all, r)
		}
	}
	return all
}
