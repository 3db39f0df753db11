package e2e_test

import (
	"context"
	"crypto/x509"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"text/tabwriter"

	"github.com/trustgen/trustgen/ca"
	"github.com/trustgen/trustgen/test/e2e/cluster"
	"github.com/trustgen/trustgen/test/e2e/istiod"
	"github.com/trustgen/trustgen/test/e2e/signer"
	"github.com/trustgen/trustgen/test/e2e/workload"
)

// Forms of the chain that an issuer returns.
const (
	withRoot    = "ChainWithRoot"
	withoutRoot = "Chain"
)

// A rootSource is where an istiod finds the root when it is a registration authority.
type rootSource struct {
	name string
	ra   func(root []byte) *istiod.RA
	// learns reports for each form whether workloads trust the root, and not the CA of their own
	// cluster: first without a CertSigner, then with one.
	learns [2]map[string]bool
}

func rootSources() []rootSource {
	always := map[string]bool{withRoot: true, withoutRoot: true}
	onlyWith := map[string]bool{withRoot: true}
	return []rootSource{
		{"caCertificates", func(root []byte) *istiod.RA { return &istiod.RA{Roots: root} }, [2]map[string]bool{onlyWith, always}},
		{"external-ca-cert file", func(root []byte) *istiod.RA { return &istiod.RA{RootFile: root} }, [2]map[string]bool{always, always}},
		{"neither", func([]byte) *istiod.RA { return &istiod.RA{} }, [2]map[string]bool{onlyWith, onlyWith}},
	}
}

// TestRA_ChainForms shows which form an issuer has to return for each root source of istiod. A
// workload trusts the last certificate that it receives.
func TestRA_ChainForms(t *testing.T) {
	t.Parallel()
	c, root := startTenant(t)
	var istiods []*istiod.Istiod
	for _, source := range rootSources() {
		ra := source.ra(ca.MarshalCertificates(root))
		ra.Domain, ra.Signer = signer.Domain, "mesh"
		istiods = append(istiods, istiod.Start(t, c, istiod.Options{RA: ra}))
	}
	cells := make(map[string]string)
	for _, form := range []string{withRoot, withoutRoot} {
		answerIn(t, c, form)
		for n, source := range rootSources() {
			for named, certSigner := range []string{"", "mesh"} {
				w := workload.New(t, istiods[n], workload.Options{Namespace: "shop", ServiceAccount: "checkout", CertSigner: certSigner})
				learnt := w.Identity().Roots[0].Equal(root)
				cells[source.name+certSigner+form] = describe(w.Identity(), root)
				if want := source.learns[named][form]; learnt != want {
					t.Errorf("root from %s, signer of the client %q, chain form %s: workloads trust the root: %t, want %t (%s)",
						source.name, certSigner, form, learnt, want, describe(w.Identity(), root))
				}
			}
		}
	}
	t.Logf("what workloads trust:\n%s", tableOfForms(cells))
}

// startTenant starts a cluster whose issuer mesh signs with a CA of the program, and returns the
// root of that CA.
func startTenant(t *testing.T) (*cluster.Cluster, *x509.Certificate) {
	t.Helper()
	c := startCluster(t, "tenant")
	signer.Install(t, c)
	dir := newTrust(t, "tenant")
	applyCA(t, c, dir, "tenant", "mesh")
	root := filepath.Join(dir, "root-cert.pem")
	apply(t, c, clusterIssuer("mesh", object{"ca": object{"secretName": "mesh"}, "trustAnchors": object{"pem": string(read(t, root))}}))
	signer.Start(t, c)
	ready(t, c, "mesh")
	return c, loadCertificate(t, root)
}

// answerIn changes the form of the chain that the issuer mesh returns, and waits until the
// controller uses it.
func answerIn(t *testing.T, c *cluster.Cluster, form string) {
	t.Helper()
	c.Kubectl(t, "patch", "trustclusterissuer", "mesh", "--type=merge", "-p", `{"spec":{"chain":"`+form+`"}}`)
	await(t, "the issuer", func(ctx context.Context) error {
		var issuer struct {
			Metadata struct{ Generation int }
			Status   struct {
				Conditions []struct{ ObservedGeneration int }
			}
		}
		err := c.Get(ctx, "/apis/trustgen.io/v1alpha1/trustclusterissuers/mesh", &issuer)
		if err == nil && issuer.Status.Conditions[0].ObservedGeneration != issuer.Metadata.Generation {
			err = fmt.Errorf("generation %d is not observed yet", issuer.Metadata.Generation)
		}
		return err
	})
}

// describe names the elements of the chain, and what the workload trusts.
func describe(id *workload.Identity, root *x509.Certificate) string {
	var elements []string
	for _, cert := range id.Chain {
		switch {
		case cert.Equal(root):
			elements = append(elements, "root")
		case cert.IsCA:
			elements = append(elements, "int")
		default:
			elements = append(elements, "leaf")
		}
	}
	trusts := "the root"
	if !id.Roots[0].Equal(root) {
		trusts = "ITS OWN CLUSTER ONLY"
	}
	return strings.Join(elements, "+") + ": " + trusts
}

func tableOfForms(cells map[string]string) string {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "ROOT FROM\tCERTSIGNER\t%s\t%s", withRoot, withoutRoot)
	for _, source := range rootSources() {
		for _, certSigner := range []string{"", "mesh"} {
			fmt.Fprintf(w, "\n%s\t%t\t%s\t%s", source.name, certSigner != "", cells[source.name+certSigner+withRoot], cells[source.name+certSigner+withoutRoot])
		}
	}
	w.Flush()
	return b.String()
}
