package e2e_test

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"testing"

	certificatesv1 "k8s.io/api/certificates/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/trustgen/trustgen/test/e2e/cluster"
	"github.com/trustgen/trustgen/test/e2e/signer"
)

const requestsPath = "/apis/certificates.k8s.io/v1/certificatesigningrequests"

// newRequest is a request to a TrustClusterIssuer with the usages of a workload.
func newRequest(name, issuer string, csr []byte) *certificatesv1.CertificateSigningRequest {
	return &certificatesv1.CertificateSigningRequest{
		TypeMeta:   metav1.TypeMeta{APIVersion: "certificates.k8s.io/v1", Kind: "CertificateSigningRequest"},
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec: certificatesv1.CertificateSigningRequestSpec{
			Request:    csr,
			SignerName: signer.Domain + "/" + issuer,
			Usages: []certificatesv1.KeyUsage{
				certificatesv1.UsageDigitalSignature, certificatesv1.UsageKeyEncipherment, certificatesv1.UsageServerAuth, certificatesv1.UsageClientAuth,
			},
		},
	}
}

// create creates the object as the user of c, and stores the result of the API server in r. It
// accepts an object that exists.
func create(ctx context.Context, c *cluster.Cluster, r *certificatesv1.CertificateSigningRequest) error {
	err := c.Create(ctx, requestsPath, r, r)
	if refused := (*cluster.StatusError)(nil); errors.As(err, &refused) && refused.Code == http.StatusConflict {
		return c.Get(ctx, requestsPath+"/"+r.Name, r)
	}
	return err
}

// approve approves the request as the user of c.
func approve(ctx context.Context, c *cluster.Cluster, r *certificatesv1.CertificateSigningRequest) error {
	approved := r.DeepCopy()
	approved.Status.Conditions = append(approved.Status.Conditions, certificatesv1.CertificateSigningRequestCondition{
		Type: certificatesv1.CertificateApproved, Status: corev1.ConditionTrue, Reason: "Test", LastUpdateTime: metav1.Now(),
	})
	return c.Update(ctx, requestsPath+"/"+r.Name+"/approval", approved, r)
}

// condition returns the condition of a type, or nil.
func condition(r *certificatesv1.CertificateSigningRequest, of certificatesv1.RequestConditionType) *certificatesv1.CertificateSigningRequestCondition {
	n := slices.IndexFunc(r.Status.Conditions, func(c certificatesv1.CertificateSigningRequestCondition) bool { return c.Type == of })
	if n < 0 {
		return nil
	}
	return &r.Status.Conditions[n]
}

// allowRequests lets all authenticated users create requests.
func allowRequests(t *testing.T, c *cluster.Cluster) {
	t.Helper()
	c.Kubectl(t, "create", "clusterrole", "ask", "--verb=create,get", "--resource=certificatesigningrequests.certificates.k8s.io")
	c.Kubectl(t, "create", "clusterrolebinding", "ask", "--clusterrole=ask", "--group=system:authenticated")
}
