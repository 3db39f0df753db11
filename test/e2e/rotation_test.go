package e2e_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"text/tabwriter"

	"github.com/trustgen/trustgen/secrets"
	"github.com/trustgen/trustgen/test/e2e/agent"
	"github.com/trustgen/trustgen/test/e2e/cluster"
	"github.com/trustgen/trustgen/test/e2e/istiod"
	"github.com/trustgen/trustgen/test/e2e/workload"
)

// A rotationStep is what each cluster is given: an intermediate below one root,
// and the roots to trust.
type rotationStep struct {
	name   string
	issuer string
	roots  []string
}

// The steps from the old root to the new one. The new root is trusted before a CA issues below it, and
// the old one as long as a workload may have a certificate below it. A workload trusts the last element
// of the response of istiod. That is the whole root-cert.pem: with two roots in it, both.
var (
	oldRootOnly     = rotationStep{"old root only", "old", []string{"old"}}
	bothRoots       = rotationStep{"both roots", "old", []string{"old", "new"}}
	newIntermediate = rotationStep{"new intermediate", "new", []string{"old", "new"}}
	newRootOnly     = rotationStep{"new root only", "new", []string{"new"}}
)

// Steps that istiod rejects.
var (
	newRootAtOnce = rotationStep{"new root at once", "new", []string{"new"}}
	inOtherOrder  = rotationStep{"both roots, new first", "new", []string{"new", "old"}}
)

// Messages of istiod when it drops an update, including the intermediate, because of the roots: their
// bytes differ, or, with ISTIO_MULTIROOT_MESH, neither root bundle contains the other.
const (
	rootsMustStay    = "Multi root is disabled, updating new ROOT-CA not supported"
	rootsMustOverlap = "Updating new ROOT-CA not supported"
)

// TestRotation_RootByHand goes through the steps in two clusters. At each one
// every workload renews, and every certificate that there has been meets every
// other one, across clusters and within: see meetings.
func TestRotation_RootByHand(t *testing.T) {
	t.Parallel()
	trust := map[string]string{"old": newTrust(t, "east", "west"), "new": newTrust(t, "east", "west")}
	clusters := []*cluster.Cluster{startCluster(t, "east"), startCluster(t, "west")}

	t.Run("no step needs a restart with ISTIO_MULTIROOT_MESH", func(t *testing.T) {
		r := startRotation(t, trust, clusters, "ISTIO_MULTIROOT_MESH=true")
		r.drops(t, newRootAtOnce, rootsMustOverlap)
		r.takes(t, bothRoots)
		r.members[0].assertAgentAgrees(t)
		r.takes(t, newIntermediate)
		r.takes(t, newRootOnly)
	})
	t.Run("steps that change the roots need a restart without it", func(t *testing.T) {
		r := startRotation(t, trust, clusters)
		r.drops(t, newRootAtOnce, rootsMustStay)
		r.drops(t, bothRoots, rootsMustStay)
		r.restartsWith(t, bothRoots)
		r.drops(t, inOtherOrder, rootsMustStay)
		r.takes(t, newIntermediate)
		r.drops(t, newRootOnly, rootsMustStay)
		r.restartsWith(t, newRootOnly)
	})
}

// Results of a connection.
const (
	talk          = "talk"
	clientRefuses = "client refuses"
	serverRefuses = "server refuses"
)

// meetings are the expected results for a client with a certificate of one step (row) and a server with
// one of another step (column), in any clusters.
//
// Peers of neighbouring steps communicate, so within a step no cluster has to wait for another one. Peers
// two steps apart refuse each other, so all workloads of all clusters must renew before the next step.
var meetings = [][]string{
	{talk, talk, clientRefuses, clientRefuses},
	{talk, talk, talk, serverRefuses},
	{serverRefuses, talk, talk, talk},
	{clientRefuses, clientRefuses, talk, talk},
}

// A rotation is a mesh during the steps.
type rotation struct {
	trust   map[string]string // trust directories, by root
	members []*member
	steps   []rotationStep // completed steps
	peers   [][]*peer      // by step and cluster

	given tabbed // results of istiod
	met   tabbed // results of the peers
}

// A member is a cluster of the mesh.
type member struct {
	*istiod.Istiod
	workload *workload.Workload
	bundle   *secrets.CACerts // what istiod issues with
}

// A peer is a workload that keeps the certificate of one step.
type peer struct {
	*workload.Identity
	server *workload.Server
}

// startRotation starts an istiod with the old root in each cluster. The results are logged when
// the test ends.
func startRotation(t *testing.T, trust map[string]string, clusters []*cluster.Cluster, env ...string) *rotation {
	t.Helper()
	r := &rotation{trust: trust}
	t.Cleanup(func() { t.Logf("%s\n\n%s", &r.given, &r.met) })
	r.given.add("GIVEN", "WHAT ISTIOD DOES")
	r.met.add("AT", "CLIENT OF", "SERVER OF", "EAST TO EAST", "EAST TO WEST", "WEST TO EAST", "WEST TO WEST")
	for _, c := range clusters {
		m := &member{bundle: r.bundle(t, oldRootOnly, c.Name)}
		m.Istiod = istiod.Start(t, c, istiod.Options{CA: m.bundle.Files(), Env: env})
		m.awaitPublished(t)
		m.workload = workload.New(t, m.Istiod, workload.Options{ServiceAccount: c.Name})
		r.members = append(r.members, m)
	}
	r.reached(t, oldRootOnly, "starts")
	return r
}

// bundle returns the CA bundle of a cluster in a step.
func (r *rotation) bundle(t *testing.T, step rotationStep, cluster string) *secrets.CACerts {
	t.Helper()
	files := make(map[string][]byte)
	for _, name := range secrets.FileNames() {
		files[name] = read(t, filepath.Join(r.trust[step.issuer], "clusters", cluster, name))
	}
	made, err := secrets.Parse(files)
	if err != nil {
		t.Fatal(err)
	}
	o := secrets.Options{Key: made.Key(), Chain: made.Chain()}
	for _, name := range step.roots {
		o.Roots = append(o.Roots, loadCertificate(t, filepath.Join(r.trust[name], "root-cert.pem")))
	}
	bundle, err := secrets.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return bundle
}

// takes performs a step that istiod accepts while it runs.
func (r *rotation) takes(t *testing.T, step rotationStep) {
	t.Helper()
	for _, m := range r.members {
		m.bundle = r.bundle(t, step, m.Cluster.Name)
		m.Swap(t, m.bundle.Files())
	}
	r.reached(t, step, "accepts it without a restart")
}

// restartsWith performs a step that needs a restart of istiod.
func (r *rotation) restartsWith(t *testing.T, step rotationStep) {
	t.Helper()
	for _, m := range r.members {
		m.bundle = r.bundle(t, step, m.Cluster.Name)
		m.Restart(t, m.bundle.Files())
	}
	r.reached(t, step, "accepts it after a restart")
}

// drops asserts that istiod logs why it rejects a bundle, and continues with the previous one.
func (r *rotation) drops(t *testing.T, step rotationStep, warning string) {
	t.Helper()
	for _, m := range r.members {
		m.swapInVain(t, r.bundle(t, step, m.Cluster.Name), warning)
		m.workload.Renew(t)
		if err := issuedWith(m.workload.Identity(), m.bundle); err != nil {
			t.Errorf("%s: after the rejected bundle %q istiod issues differently: %v", m.Cluster.Name, step.name, err)
		}
	}
	r.given.add(step.name, "drops it: "+warning)
}

// reached renews every workload and connects it to peers of all steps.
func (r *rotation) reached(t *testing.T, step rotationStep, how string) {
	t.Helper()
	var peers []*peer
	for _, m := range r.members {
		awaitIssuedWith(t, m.workload, m.bundle)
		m.awaitPublished(t)
		id := m.workload.Identity()
		peers = append(peers, &peer{Identity: id, server: id.Serve(t)})
	}
	r.given.add(step.name, how)
	r.steps, r.peers = append(r.steps, step), append(r.peers, peers)
	now := len(r.steps) - 1
	for past := range now {
		r.assertMeetings(t, past, now)
		r.assertMeetings(t, now, past)
	}
	r.assertMeetings(t, now, now)
}

// assertMeetings asserts the results of clients of one step with servers of another.
func (r *rotation) assertMeetings(t *testing.T, clients, servers int) {
	t.Helper()
	row := []string{r.steps[len(r.steps)-1].name, r.steps[clients].name, r.steps[servers].name}
	for _, client := range r.peers[clients] {
		for _, server := range r.peers[servers] {
			got, err := meet(t, client, server)
			if want := meetings[clients][servers]; got != want {
				t.Errorf("%s of %q dials %s of %q: %s (%v), want: %s",
					client.Principal(), r.steps[clients].name, server.Principal(), r.steps[servers].name, got, err, want)
			}
			row = append(row, got)
		}
	}
	r.met.add(row...)
}

// meet connects a client to a server, and returns the result.
func meet(t *testing.T, client, server *peer) (string, error) {
	t.Helper()
	conn, err := client.Dial(t.Context(), server.server, server.Principal())
	switch {
	case errors.Is(err, workload.ErrServerUntrusted):
		return clientRefuses, err
	case errors.Is(err, workload.ErrClientUntrusted):
		return serverRefuses, err
	case err != nil:
		return "fails", err
	}
	defer conn.Close()
	if err := conn.Echo("how are you?"); err != nil {
		return "fails", err
	}
	return talk, nil
}

// swapInVain gives istiod a bundle, and waits for the warning.
func (m *member) swapInVain(t *testing.T, bundle *secrets.CACerts, warning string) {
	t.Helper()
	said := strings.Count(m.Process.Log(), warning)
	m.Swap(t, bundle.Files())
	await(t, m.Cluster.Name+": the warning of istiod", func(context.Context) error {
		if strings.Count(m.Process.Log(), warning) == said {
			return fmt.Errorf("no %q in the log", warning)
		}
		return nil
	})
}

// awaitPublished waits until istiod publishes the roots, by which workloads verify it. In the
// step with the new intermediate its own certificate has the new issuer immediately.
func (m *member) awaitPublished(t *testing.T) {
	t.Helper()
	want := m.bundle.Files()[secrets.RootCertFile]
	await(t, m.Cluster.Name+": its published roots", func(context.Context) error {
		if got := istiod.PublishedRoot(t, m.Cluster, "default"); !bytes.Equal(got, want) {
			return fmt.Errorf("they are\n%s, want\n%s", got, want)
		}
		return nil
	})
}

// assertAgentAgrees asserts that Istio's own agent interprets the response of istiod as package
// workload does: it trusts every root.
func (m *member) assertAgentAgrees(t *testing.T) {
	t.Helper()
	id := agent.Start(t, m.Istiod, agent.Options{ServiceAccount: "agent"}).Identity()
	if err := issuedWith(id, m.bundle); err != nil {
		t.Errorf("files of pilot-agent: %v", err)
	}
}

// tabbed is a table whose first row is the header.
type tabbed struct{ rows []string }

func (a *tabbed) add(cells ...string) { a.rows = append(a.rows, strings.Join(cells, "\t")) }

// String aligns the columns.
func (a *tabbed) String() string {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprint(w, strings.Join(a.rows, "\n"))
	if err := w.Flush(); err != nil {
		return err.Error()
	}
	return b.String()
}
