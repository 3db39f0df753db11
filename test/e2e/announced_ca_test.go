package e2e_test

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/big"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	certificatesv1 "k8s.io/api/certificates/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/trustgen/trustgen/ca"
	cfsslserver "github.com/trustgen/trustgen/test/e2e/cfssl"
	"github.com/trustgen/trustgen/test/e2e/cluster"
	"github.com/trustgen/trustgen/test/e2e/istiod"
	"github.com/trustgen/trustgen/test/e2e/process"
	"github.com/trustgen/trustgen/test/e2e/signer"
	"github.com/trustgen/trustgen/test/e2e/workload"
)

const (
	announcementsPath = "/api/v1/namespaces/" + signer.Namespace + "/configmaps"
	// shortestAnnouncement is the shortest delay that the program accepts.
	shortestAnnouncement = time.Minute
	// announcementTimeout is shortestAnnouncement and time for the other steps.
	announcementTimeout = 3 * time.Minute
)

// TestAnnounce_ClustersWithCRLsKnowCABeforeItSigns: east publishes CRLs; the controller of west
// announces its CAs, with the rights that deploy/ grants. East accepts the first certificate of
// west's CA. The request for it exists from the beginning.
func TestAnnounce_ClustersWithCRLsKnowCABeforeItSigns(t *testing.T) {
	t.Parallel()
	c := newCorporate(t)
	east := startRevocable(t, c.newTrust(t, "east"), "east")
	trustgen(t, "crl", "import", "--dir", east.dir, c.rootCRL(t))
	trustgen(t, "crl", "refresh", "--dir", east.dir)
	east.takes(t)
	before := east.peer(t)

	ctx, cancel := context.WithTimeout(t.Context(), announcementTimeout)
	defer cancel()
	west := startCluster(t, "west")
	signer.Install(t, west)
	allowRequests(t, west)
	replica := announceOther(t, west, c)
	applyAnnouncing(t, west, c)
	controller := startUnready(ctx, t, west)
	key := ask(ctx, t, west, "ledger")
	from := awaitAnnounced(ctx, t, west)
	if err := process.Answers(ctx, controller.url+"/readyz", nil); err == nil {
		t.Error("the controller is ready before it may sign")
	}
	public := filepath.Join(t.TempDir(), "west.yaml")
	text := west.Kubectl(t, "get", "configmap", "trustgen-crls", "-n", signer.Namespace, "-o", "yaml")
	if err := os.WriteFile(public, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Logf("%s", trustgen(t, "crl", "import", "--dir", east.dir, public))
	east.takes(t)
	t.Logf("east accepted the announced CA %s before west signs", time.Until(from).Round(time.Second))

	ledger := &workload.Identity{Chain: c.awaitSigned(ctx, t, west, "ledger"), Roots: c.root.Chain(), Key: key}
	if now := time.Now(); now.Before(from) {
		t.Errorf("the controller signed at %s at the latest, want no signature before %s", now, from)
	}
	assertRefuses(t, before, ledger, workload.ErrNoCRL)
	assertAllTalk(t, east.peer(t), ledger)
	awaitFor(ctx, t, "readiness of the controller", func(ctx context.Context) error { return process.Answers(ctx, controller.url+"/readyz", nil) })
	if public := announcements(ctx, t, west); len(public) != 2 || public[replica] == "" {
		t.Errorf("announced are %v, want %s and one more", slices.Collect(maps.Keys(public)), replica)
	}
	assertMayAnnounceOnly(ctx, t, west)
}

// announceOther writes two announcements into the ConfigMap: one of another replica, and one
// that has expired. It returns the key of the first.
func announceOther(t *testing.T, in *cluster.Cluster, c *corporate) string {
	t.Helper()
	const replica = "mesh.1111111111111111.pem"
	patch, err := json.Marshal(object{"data": object{
		"mesh.0000000000000000.pem": string(ca.MarshalCertificates(endedCA(t))),
		replica:                     string(ca.MarshalCertificates(c.issuing.Certificate())),
	}})
	if err != nil {
		t.Fatal(err)
	}
	in.Kubectl(t, "patch", "configmap", "trustgen-crls", "-n", signer.Namespace, "--type=merge", "-p", string(patch))
	return replica
}

// applyAnnouncing applies the issuer mesh, which announces its CAs, and its corporate issuer.
func applyAnnouncing(t *testing.T, in *cluster.Cluster, c *corporate) {
	t.Helper()
	server := cfsslserver.Start(t, c.server)
	applyCFSSL(t, in, c, server)
	apply(t, in, clusterIssuer("corporate", object{
		"cfssl": cfsslBackend(server), "trustAnchors": c.anchors(), "policy": object{}, "allowIntermediates": []object{{"name": "mesh"}},
	}))
	apply(t, in, clusterIssuer("mesh", object{
		"ephemeral":    object{"issuerRef": object{"name": "corporate"}, "commonName": in.Name, "announce": shortestAnnouncement.String()},
		"trustAnchors": c.anchors(),
	}))
}

// unready is a controller that runs and is not ready yet.
type unready struct{ url string }

// startUnready starts a controller in a cluster with issuers, and returns once it is alive.
func startUnready(ctx context.Context, t *testing.T, in *cluster.Cluster) *unready {
	t.Helper()
	u := &unready{}
	kubeconfig := in.ServiceAccountKubeconfig(t, cluster.ServiceAccount{Namespace: signer.Namespace, Name: "trustgen-controller"})
	_, err := process.StartReady(ctx, t, func() process.Spec {
		address := fmt.Sprintf("127.0.0.1:%d", process.FreePort(t))
		u.url = "http://" + address
		return process.Spec{
			Name: in.Name + "-trustgen",
			Path: program(t),
			Args: []string{"controller", "--kubeconfig=" + kubeconfig, "--metrics-address=0", "--health-address=" + address},
			Dir:  process.Directory(t),
		}
	}, func(ctx context.Context) error { return process.Answers(ctx, u.url+"/healthz", nil) })
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// ask creates an approved request as istiod does, and returns its key.
func ask(ctx context.Context, t *testing.T, in *cluster.Cluster, name string) crypto.Signer {
	t.Helper()
	key := newKey(t)
	id, err := url.Parse(ledgerID)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{URIs: []*url.URL{id}}, key)
	if err != nil {
		t.Fatal(err)
	}
	r := newRequest(name, "mesh", encode("CERTIFICATE REQUEST", der))
	istiod := in.AsServiceAccount(t, cluster.ServiceAccount{Namespace: istiod.Namespace, Name: "istiod"})
	if err := create(ctx, istiod, r); err != nil {
		t.Fatal(err)
	}
	if err := approve(ctx, in, r); err != nil {
		t.Fatal(err)
	}
	return key
}

// awaitAnnounced waits until the status of the issuer announces when it starts to sign, and
// returns that time.
func awaitAnnounced(ctx context.Context, t *testing.T, in *cluster.Cluster) time.Time {
	t.Helper()
	var from string
	awaitFor(ctx, t, "the announcement", func(ctx context.Context) error {
		var issuer struct {
			Status struct{ Conditions []metav1.Condition }
		}
		if err := in.Get(ctx, "/apis/trustgen.io/v1alpha1/trustclusterissuers/mesh", &issuer); err != nil || len(issuer.Status.Conditions) == 0 {
			return fmt.Errorf("no condition: %w", err)
		}
		ready := issuer.Status.Conditions[0]
		_, after, found := strings.Cut(ready.Message, " is announced and signs from ")
		if !found || ready.Status != metav1.ConditionFalse {
			return errors.New(ready.Message)
		}
		from = after
		return nil
	})
	at, err := time.Parse(time.RFC3339, from)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

func announcements(ctx context.Context, t *testing.T, in *cluster.Cluster) map[string]string {
	t.Helper()
	var public corev1.ConfigMap
	if err := in.Get(ctx, announcementsPath+"/trustgen-crls", &public); err != nil {
		t.Fatal(err)
	}
	return public.Data
}

// awaitSigned waits for the certificate of a request, and returns its chain.
func (c *corporate) awaitSigned(ctx context.Context, t *testing.T, in *cluster.Cluster, name string) []*x509.Certificate {
	t.Helper()
	var r certificatesv1.CertificateSigningRequest
	awaitFor(ctx, t, "the certificate", func(ctx context.Context) error {
		err := in.Get(ctx, requestsPath+"/"+name, &r)
		if failed := condition(&r, certificatesv1.CertificateFailed); failed != nil {
			t.Fatalf("the request failed: %s", failed.Message)
		}
		if err == nil && len(r.Status.Certificate) == 0 {
			err = errors.New("no certificate yet")
		}
		return err
	})
	chain, err := ca.ParseCertificates(r.Status.Certificate)
	if err != nil {
		t.Fatal(err)
	}
	if violations := ca.VerifyLeaf(chain, ca.VerifyOptions{Roots: c.root.Chain()}); len(violations) > 0 {
		t.Fatal(violations)
	}
	return chain
}

// assertMayAnnounceOnly asserts that deploy/ gives the controller no other right to write
// ConfigMaps than to patch trustgen-crls.
func assertMayAnnounceOnly(ctx context.Context, t *testing.T, in *cluster.Cluster) {
	t.Helper()
	as := in.AsServiceAccount(t, cluster.ServiceAccount{Namespace: signer.Namespace, Name: "trustgen-controller"})
	other := object{"apiVersion": "v1", "kind": "ConfigMap", "metadata": object{"name": "other"}}
	public := object{"apiVersion": "v1", "kind": "ConfigMap", "metadata": object{"name": "trustgen-crls"}}
	for what, err := range map[string]error{
		"create another ConfigMap": as.Create(ctx, announcementsPath, other, &object{}),
		"patch another ConfigMap":  as.Apply(ctx, announcementsPath+"/other", other),
		"replace trustgen-crls":    as.Update(ctx, announcementsPath+"/trustgen-crls", public, &object{}),
		"delete trustgen-crls":     as.Delete(ctx, announcementsPath+"/trustgen-crls"),
	} {
		if refused := (*cluster.StatusError)(nil); !errors.As(err, &refused) || refused.Code != http.StatusForbidden {
			t.Errorf("the controller may %s: %v", what, err)
		}
	}
}

// endedCA returns an expired CA certificate.
func endedCA(t *testing.T) *x509.Certificate {
	t.Helper()
	key := newKey(t)
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(-time.Second)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return cert
}
