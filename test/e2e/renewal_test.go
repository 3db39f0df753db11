package e2e_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/status"
	security "istio.io/api/security/v1alpha1"

	"github.com/trustgen/trustgen/secrets"
	"github.com/trustgen/trustgen/test/e2e/istiod"
	"github.com/trustgen/trustgen/test/e2e/poll"
	"github.com/trustgen/trustgen/test/e2e/workload"
)

// TestRenewal_InterruptsNothing checks that a renewal needs no restart and no order of clusters:
// workloads with new and with old certificates accept each other. Package process fails the test
// if istiod ends meanwhile.
func TestRenewal_InterruptsNothing(t *testing.T) {
	t.Parallel()
	dir := newTrust(t, "east", "west")
	east, west := startWithTrust(t, dir, "east"), startWithTrust(t, dir, "west")
	checkout := workload.New(t, east, workload.Options{Namespace: "shop", ServiceAccount: "checkout"})
	ledger := workload.New(t, west, workload.Options{Namespace: "bank", ServiceAccount: "ledger"})

	oldCheckout, oldLedger := checkout.Identity(), ledger.Identity()
	there, back := stayConnected(t, checkout, ledger), stayConnected(t, ledger, checkout)
	toEast, toWest := connectToIstiod(t, east), connectToIstiod(t, west)

	trustgen(t, "intermediate", "--dir", dir, "--cluster", "east", "--cluster", "west", "--renew")
	awaitIssuedWith(t, checkout, swapRenewed(t, east, dir))
	awaitIssuedWith(t, ledger, swapRenewed(t, west, dir))

	t.Run("new certificates come from the new intermediates", func(t *testing.T) {
		assertIssued(t, checkout.Identity(), dir, "east", checkoutID)
		assertIssued(t, ledger.Identity(), dir, "west", ledgerID)
		for old, now := range map[*workload.Identity]*workload.Identity{oldCheckout: checkout.Identity(), oldLedger: ledger.Identity()} {
			if err := otherIssuer(old.Chain, now.Chain); err != nil {
				t.Errorf("%s: %v", now.Principal(), err)
			}
		}
	})
	t.Run("istiod has a new certificate of its own", func(t *testing.T) {
		awaitOtherIssuer(t, east, toEast.chain)
		awaitOtherIssuer(t, west, toWest.chain)
	})
	t.Run("old and new accept each other", func(t *testing.T) {
		assertAllTalk(t, oldCheckout, checkout.Identity(), oldLedger, ledger.Identity())
	})
	t.Run("connections stay open, to workloads and to istiod", func(t *testing.T) {
		for _, conn := range []*workload.Conn{there, back} {
			if err := conn.Echo("still there?"); err != nil {
				t.Errorf("%s talks to %s: %v", conn.Client, conn.Server, err)
			}
		}
		toEast.assertAnswers(t)
		toWest.assertAnswers(t)
	})
}

// swapRenewed applies the current Secret of the program to a cluster, and updates the files of
// istiod as a kubelet does.
func swapRenewed(t *testing.T, i *istiod.Istiod, dir string) *secrets.CACerts {
	t.Helper()
	files := applySecret(t, i.Cluster, dir)
	bundle, err := secrets.Parse(files)
	if err != nil {
		t.Fatalf("%s: %v", i.Cluster.Name, err)
	}
	i.Swap(t, files)
	return bundle
}

// awaitIssuedWith renews the certificate of the workload until istiod issues with the bundle.
func awaitIssuedWith(t *testing.T, w *workload.Workload, bundle *secrets.CACerts) {
	t.Helper()
	await(t, w.Principal(), func(context.Context) error {
		if err := w.TryRenew(t); err != nil {
			return err
		}
		return issuedWith(w.Identity(), bundle)
	})
}

// awaitTimeout is enough for the slowest machine; istiod needs 100 milliseconds to load a bundle.
const awaitTimeout = 30 * time.Second

// await polls look until it returns nil, and fails t after awaitTimeout.
func await(t *testing.T, what string, look func(context.Context) error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), awaitTimeout)
	defer cancel()
	if err := poll.Until(ctx, look); err != nil {
		t.Fatalf("%s: %v", what, err)
	}
}

// issuedWith returns an error unless the identity comes from the bundle: cert-chain.pem and then
// root-cert.pem follow the leaf, and the workload trusts all certificates of root-cert.pem, in
// any order: the agent of Istio sorts them.
func issuedWith(id *workload.Identity, bundle *secrets.CACerts) error {
	chain := slices.Concat(bundle.Chain(), bundle.Roots())
	if !slices.EqualFunc(id.Chain[1:], chain, (*x509.Certificate).Equal) {
		return fmt.Errorf("its chain is %v, want a leaf and %v", subjects(id.Chain), subjects(chain))
	}
	if !slices.EqualFunc(inOrder(id.Roots), inOrder(bundle.Roots()), (*x509.Certificate).Equal) {
		return fmt.Errorf("it trusts %v, want %v", subjects(id.Roots), subjects(bundle.Roots()))
	}
	return nil
}

// inOrder returns the certificates sorted by their bytes.
func inOrder(certs []*x509.Certificate) []*x509.Certificate {
	return slices.SortedFunc(slices.Values(certs), func(a, b *x509.Certificate) int { return bytes.Compare(a.Raw, b.Raw) })
}

// stayConnected connects a workload to another one until the test ends.
func stayConnected(t *testing.T, client, server *workload.Workload) *workload.Conn {
	t.Helper()
	conn, err := client.Dial(t.Context(), server.Serve(t, client.Principal()), server.Principal())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

// assertAllTalk asserts that each workload can connect to each, itself included.
func assertAllTalk(t *testing.T, all ...*workload.Identity) {
	t.Helper()
	for _, server := range all {
		address := server.Serve(t)
		for _, client := range all {
			assertTalk(t, client, address, client.Principal(), server.Principal())
		}
	}
}

// otherIssuer returns an error unless the new chain has another intermediate below the same
// root.
func otherIssuer(old, now []*x509.Certificate) error {
	if len(old) < 3 || len(now) < 3 || now[1].Equal(old[1]) || !now[2].Equal(old[2]) {
		return fmt.Errorf("the chain was %v and is %v, want another intermediate below the same root", subjects(old), subjects(now))
	}
	return nil
}

// awaitOtherIssuer connects to istiod until it presents another chain: it renews its own
// certificate shortly after it has loaded a CA.
func awaitOtherIssuer(t *testing.T, i *istiod.Istiod, old []*x509.Certificate) {
	t.Helper()
	await(t, "istiod of "+i.Cluster.Name, func(context.Context) error {
		return otherIssuer(old, connectToIstiod(t, i).chain)
	})
}

// istiodConn is a connection to istiod that stays open, like that of a proxy.
type istiodConn struct {
	chain  []*x509.Certificate // of istiod at the start of the connection
	client security.IstioCertificateServiceClient
	dials  atomic.Int32
}

// connectToIstiod connects to istiod, verifies it by the root that it publishes, and sends a
// request.
func connectToIstiod(t *testing.T, i *istiod.Istiod) *istiodConn {
	t.Helper()
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(istiod.PublishedRoot(t, i.Cluster, istiod.Namespace)) {
		t.Fatalf("%s: the root that istiod publishes is not a certificate", i.Cluster.Name)
	}
	c := &istiodConn{}
	verified := func(state tls.ConnectionState) error {
		c.chain = state.PeerCertificates
		return nil
	}
	conn, err := grpc.NewClient("passthrough:"+i.Address,
		grpc.WithContextDialer(func(ctx context.Context, address string) (net.Conn, error) {
			c.dials.Add(1)
			return new(net.Dialer).DialContext(ctx, "tcp", address)
		}),
		grpc.WithTransportCredentials(credentials.NewTLS(&tls.Config{
			RootCAs: roots, ServerName: istiod.ServerName, VerifyConnection: verified,
		})))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	c.client = security.NewIstioCertificateServiceClient(conn)
	c.assertAnswers(t)
	return c
}

// assertAnswers asserts that istiod responds on the first connection. It refuses a request
// without a token, which is response enough.
func (c *istiodConn) assertAnswers(t *testing.T) {
	t.Helper()
	_, err := c.client.CreateCertificate(t.Context(), &security.IstioCertificateRequest{})
	if status.Code(err) != codes.Unauthenticated {
		t.Errorf("istiod responds %v, want %v", err, codes.Unauthenticated)
	}
	if dials := c.dials.Load(); dials != 1 {
		t.Errorf("istiod was dialed %d times, want once", dials)
	}
}
