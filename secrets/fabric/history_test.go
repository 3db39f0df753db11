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

// TestWhateverHappensTheMeshHoldsTogether goes through random histories of a mesh in two
// directories and copies of one, and of another mesh: after every step all sets are valid and
// their CRLs complete, the clusters of a directory trust each other, and when the directories
// have told each other what they know, everybody trusts whom they should and nobody else. A
// history that fails is made as short as it goes.
func TestWhateverHappensTheMeshHoldsTogether(t *testing.T) {
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
	t.Logf("how often something came of what: %v", did.times)
	for _, v := range verbs {
		if did.times[v.verb] == 0 && !t.Failed() {
			t.Errorf("nothing ever came of %q: %v", v.verb, did.times)
		}
	}
}

// history is a mesh in two directories, another mesh, and what a person remembers of them.
type history struct {
	*clock
	root, beside, abroad *fabric.Fabric
	copied               *fabric.Fabric    // of root, once there is one
	cross                *x509.Certificate // of the other mesh's root, once there is one
	cas                  []*remembered
	silent               bool           // something was not told yet
	parted               bool           // the copy has signed a CRL which root has not seen
	idle                 bool           // nothing came of the last step
	did                  map[string]int // how often something came of a verb
}

// remembered is an intermediate that there was at some time.
type remembered struct {
	place            *fabric.Fabric
	cluster          string
	bundle           *secrets.CACerts
	pending, revoked bool
	retired          bool
	untold           bool // the root has not heard of it
	lost             bool // nobody has its certificate any more
}

func newHistory(t *testing.T) *history {
	t.Helper()
	p := newPlaces(t, fabric.RootOptions{})
	return &history{clock: p.clock, root: p.root, beside: p.beside, abroad: otherMesh(t, p.clock, "abroad.example"), did: make(map[string]int)}
}

func (h *history) run(t *testing.T, steps []step) error {
	t.Helper()
	for i, s := range slices.Concat(steps, []step{{verb: "tell"}}) {
		h.advance(s.after)
		h.idle = false
		err := h.do(t, s)
		if err == nil && !h.idle {
			h.did[s.verb]++
		}
		if err == nil {
			err = h.look(t)
		}
		if err == nil && s.verb == "tell" {
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
		_, err := h.root.Ensure(ctx, []string{s.cluster}, o)
		return h.mayLack(err)
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
		_, err := h.root.RefreshCRLs(ctx, o)
		return h.mayLack(err)
	case "copy":
		h.copied = copyOf(t, h.root, h.clock)
		return nil
	case "restore a copy":
		return h.restore(t)
	case "install from a copy":
		return h.installFromCopy(t, s.cluster)
	case "cross-sign":
		done, err := h.root.CrossSign(ctx, h.abroadRoot(t), fabric.CrossSignOptions{TrustDomain: "abroad.example"})
		h.cross, h.silent = done.Cross, true
		return err
	case "renew abroad":
		h.silent = true
		_, err := h.abroad.Ensure(ctx, []string{"abroad"}, fabric.EnsureOptions{Renew: true})
		return err
	case "revoke abroad":
		h.silent = true
		return h.revokeIn(t, h.abroad, "abroad")
	}
	return h.tell(t) // and after some days, since then a CRL may be due
}

func (h *history) abroadRoot(t *testing.T) *x509.Certificate {
	t.Helper()
	return rootCert(t, h.abroad)
}

// mayLack expects that a change is refused where the CRL of a CA elsewhere is not here yet, and
// never else.
func (h *history) mayLack(err error) error {
	var incomplete *mesh.IncompleteError
	if !h.silent || !errors.As(err, &incomplete) {
		return err
	}
	for _, m := range incomplete.Missing {
		abroad := h.cross != nil && m.Subject == ca.Describe(h.cross)
		if !slices.Contains(elsewhere, m.Cluster) && !abroad {
			return err
		}
	}
	h.idle = true
	return nil
}

func (h *history) install(t *testing.T, cluster string) error {
	t.Helper()
	requested, err := h.beside.Request(t.Context(), cluster, fabric.RequestOptions{})
	if err != nil {
		return err
	}
	h.silent = true
	signed, err := h.root.Sign(t.Context(), requested.CSR, fabric.SignOptions{Cluster: cluster, Rejoin: true})
	if errors.Is(err, mesh.ErrKeyTaken) { // it was not installed, and was revoked since
		h.idle = true
		_, err = h.beside.Request(t.Context(), cluster, fabric.RequestOptions{New: true})
		return err
	}
	if err != nil {
		return err
	}
	_, err = h.beside.Install(t.Context(), signed.Response, fabric.InstallOptions{ConfirmRoot: trusting})
	return h.mayLack(h.mayPart(err))
}

// of are the intermediates of a cluster that can still be used, as a person remembers them.
func (h *history) of(cluster string) (live, pending []*remembered) {
	for _, r := range h.cas {
		switch {
		case r.cluster != cluster || r.revoked || r.untold || r.lost || !r.bundle.Certificate().NotAfter.After(h.now):
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
		s.cluster = h.waiting(s.cluster)
	}
	live, pending := h.of(s.cluster)
	retired := slices.IndexFunc(slices.Concat(live, pending), func(r *remembered) bool { return !r.retired }) < 0
	var err error
	if s.verb == "finish" {
		_, err = h.root.FinishRevocation(t.Context(), []string{s.cluster}, fabric.FinishRevocationOptions{})
	} else {
		_, err = h.root.Revoke(t.Context(), []string{s.cluster}, fabric.RevokeOptions{Now: s.verb == "revoke now"})
	}
	none := errors.As(err, new(*mesh.NoIntermediateError)) && (len(live)+len(pending) == 0 || s.verb == "finish" && len(pending) == 0)
	without := errors.As(err, new(*mesh.NoSuccessorError)) && len(live) == 0
	if none || without || err != nil && h.mayLack(err) == nil {
		h.idle = true
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
	h.silent = h.silent || slices.Contains(elsewhere, s.cluster)
	return nil
}

// waiting is a cluster with a revocation that is pending, this one if there is none.
func (h *history) waiting(cluster string) string {
	for _, other := range slices.Concat([]string{cluster}, here, elsewhere) {
		if _, pending := h.of(other); len(pending) > 0 {
			return other
		}
	}
	return cluster
}

func (h *history) revokeIn(t *testing.T, f *fabric.Fabric, cluster string) error {
	t.Helper()
	_, err := f.Revoke(t.Context(), []string{cluster}, fabric.RevokeOptions{Now: true})
	live, _ := h.of(cluster)
	for _, r := range live {
		r.revoked = err == nil
	}
	return err
}

func (h *history) retire(t *testing.T, s step) error {
	t.Helper()
	live, pending := h.of(s.cluster)
	_, err := h.root.Retire(t.Context(), s.cluster, fabric.RetireOptions{Revoke: s.verb != "retire"})
	if errors.As(err, new(*mesh.NoIntermediateError)) && len(live)+len(pending) == 0 || err != nil && h.mayLack(err) == nil {
		h.idle = true
		return nil
	}
	if err != nil {
		return err
	}
	for _, r := range h.cas {
		r.retired = r.retired || r.cluster == s.cluster && !r.untold
	}
	for _, r := range slices.Concat(live, pending) {
		r.revoked = s.verb != "retire"
	}
	return nil
}

// tell makes known everywhere what each directory knows, and finishes what waited for that.
func (h *history) tell(t *testing.T) error {
	t.Helper()
	if h.cross != nil {
		if err := told(t, h.abroad, h.root); err != nil {
			return err
		}
	}
	if h.parted { // the root merges what it and its copy revoke
		if err := told(t, h.beside, h.root); err != nil {
			return err
		}
		h.parted = false
	}
	if err := h.installWaiting(t); err != nil {
		return err
	}
	places := []*fabric.Fabric{h.root}
	if h.has(t, h.beside) {
		if err := errors.Join(told(t, h.beside, h.root), told(t, h.root, h.beside)); err != nil {
			return err
		}
		places = append(places, h.beside)
	}
	h.silent = false
	for _, r := range h.cas {
		r.untold = false
	}
	if !catest.Must(h.root.CAs(t.Context(), fabric.CAsOptions{}))(t).Publishes {
		return nil
	}
	for i, f := range places {
		if _, err := f.RefreshCRLs(t.Context(), fabric.RefreshCRLsOptions{}); err != nil {
			return err
		}
		if i == 0 && len(places) > 1 {
			if err := told(t, h.root, h.beside); err != nil {
				return err
			}
		}
	}
	return nil
}

// told tells one directory what another one knows.
func told(t *testing.T, from, to *fabric.Fabric) error {
	t.Helper()
	_, err := to.ImportCRLs(t.Context(), catest.Must(from.Exchange(t.Context()))(t), fabric.ImportCRLsOptions{})
	return err
}

// installWaiting installs what was signed, and could not be installed since a CRL was missing.
func (h *history) installWaiting(t *testing.T) error {
	t.Helper()
	for _, cluster := range elsewhere {
		if _, waits := tree(t, h.beside.Dir())["requests/"+cluster+"/request.pem"]; !waits {
			continue
		}
		if err := h.install(t, cluster); err != nil {
			return err
		}
	}
	return nil
}

// has reports whether a place has a root yet.
func (h *history) has(t *testing.T, f *fabric.Fabric) bool {
	t.Helper()
	_, there := tree(t, f.Dir())["root-cert.pem"]
	return there
}

// look remembers what there is, and holds every directory against itself.
func (h *history) look(t *testing.T) error {
	t.Helper()
	for _, f := range []*fabric.Fabric{h.root, h.beside, h.abroad} {
		status, err := f.Status(t.Context())
		if errors.Is(err, fabric.ErrNoRoot) {
			continue
		}
		if err != nil {
			return err
		}
		for _, c := range status.Clusters {
			if c.Remote || c.Certificate == (mesh.Summary{}) && c.Err == nil {
				continue
			}
			if err := h.lookAt(t, f, c.Name); err != nil {
				return fmt.Errorf("%s: %w", c.Name, err)
			}
		}
	}
	return nil
}

// lookAt holds the set of a cluster against what its directory knows.
func (h *history) lookAt(t *testing.T, f *fabric.Fabric, cluster string) error {
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
		return fmt.Errorf("its set lacks the CRL of %s", ca.Describe(without[0]))
	}
	if err := h.checkSet(t, f, b); err != nil {
		return err
	}
	for _, r := range h.cas {
		if r.place == f && !r.revoked && !r.lost {
			if err := h.wantAccepted(b, r); err != nil {
				return fmt.Errorf("refuses %s of its own directory: %w", ca.Describe(r.bundle.Certificate()), err)
			}
		}
	}
	return nil
}

// checkSet expects the complete set, or none where CRLs are not published.
func (h *history) checkSet(t *testing.T, f *fabric.Fabric, b *secrets.CACerts) error {
	t.Helper()
	var want []byte
	if catest.Must(f.CAs(t.Context(), fabric.CAsOptions{}))(t).Publishes {
		set, err := f.CRLs(t.Context(), fabric.CRLsOptions{})
		if err != nil {
			return h.mayLack(err)
		}
		want = ca.MarshalCRLs(set.CRLs...)
	}
	// CAs that end leave the set when it is written the next time.
	if got := ca.MarshalCRLs(b.CRLs()...); !h.silent && !bytes.Equal(got, want) && !h.hasMore(b, want) {
		return fmt.Errorf("its set has %d CRLs, and is not that of the directory", len(b.CRLs()))
	}
	return nil
}

// hasMore reports whether a set is that of the directory but for CAs that have ended.
func (h *history) hasMore(b *secrets.CACerts, want []byte) bool {
	good := slices.DeleteFunc(b.CRLs(), func(list *x509.RevocationList) bool { return !list.NextUpdate.After(h.now) })
	return bytes.Equal(ca.MarshalCRLs(good...), want)
}

// wantAccepted expects that the workloads of a cluster accept those of an intermediate, unless
// that has expired.
func (h *history) wantAccepted(b *secrets.CACerts, r *remembered) error {
	other, err := h.peer(r)
	if other == nil || err != nil {
		return err
	}
	return peer{roots: b.Roots(), crls: b.CRLs()}.refuses(*other, h.now)
}

// peer is a workload of an intermediate now, nil if that has expired.
func (h *history) peer(r *remembered) (*peer, error) {
	if !r.bundle.Certificate().NotAfter.After(h.now) {
		return nil, nil
	}
	domain := fabric.DefaultTrustDomain
	if r.place == h.abroad {
		domain = "abroad.example"
	}
	p, err := makePeer(r.bundle, domain, h.Now)
	if r.place == h.abroad && h.cross != nil {
		p.chain = append(p.chain, h.cross)
	}
	return &p, err
}

// checkAll holds everybody against everybody, when all are told.
func (h *history) checkAll() error {
	for _, to := range h.acceptors() {
		for _, from := range h.cas {
			err := h.wantAccepted(to.bundle, from)
			foreign := (to.place == h.abroad) != (from.place == h.abroad)
			unchecked := foreign && len(to.bundle.CRLs()) == 0
			trusted := (!from.revoked || unchecked) && (!foreign || to.place != h.abroad && h.cross != nil)
			ended := !from.bundle.Certificate().NotAfter.After(h.now)
			switch {
			case ended || from.lost && !from.revoked || trusted == (err == nil):
			case trusted:
				return fmt.Errorf("%s refuses %s: %w", ca.Describe(to.bundle.Certificate()), ca.Describe(from.bundle.Certificate()), err)
			default:
				return fmt.Errorf("%s accepts %s, which is not to be trusted", ca.Describe(to.bundle.Certificate()), ca.Describe(from.bundle.Certificate()))
			}
		}
	}
	return nil
}

// acceptors are the intermediates that clusters have now.
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
