package controller

import (
	"context"
	"crypto/x509"
	"slices"
	"strings"
	"time"

	authorizationv1 "k8s.io/api/authorization/v1"
	certificatesv1 "k8s.io/api/certificates/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/trustgen/trustgen/ca"
	"github.com/trustgen/trustgen/csr"
)

// istiodCSRTimeout is how long istiod waits for a CertificateSigningRequest: 60 seconds,
// minus five for its work before and after.
const istiodCSRTimeout = 55 * time.Second

// signingRequest adapts a CertificateSigningRequest. It never changes the object, which may
// be that of a cache.
type signingRequest struct {
	*certificatesv1.CertificateSigningRequest
	client client.Client
	now    func() time.Time
}

// signingRequests reads CertificateSigningRequests.
type signingRequests struct {
	client client.Client
	now    func() time.Time
}

func (s signingRequests) read(ctx context.Context, name types.NamespacedName) (request, error) {
	c := &certificatesv1.CertificateSigningRequest{}
	if err := s.client.Get(ctx, name, c); err != nil {
		return nil, err
	}
	return signingRequest{c, s.client, s.now}, nil
}

func (c signingRequest) object() client.Object { return c.CertificateSigningRequest }

func (c signingRequest) issuer() (issuerKey, bool) { return parseSignerName(c.Spec.SignerName) }

func (c signingRequest) state() state {
	switch {
	case c.DeletionTimestamp != nil, c.has(certificatesv1.CertificateDenied), c.has(certificatesv1.CertificateFailed), len(c.Status.Certificate) > 0:
		return settled
	case c.has(certificatesv1.CertificateApproved):
		return approved
	}
	return undecided
}

func (c signingRequest) has(t certificatesv1.RequestConditionType) bool {
	return slices.ContainsFunc(c.Status.Conditions, func(condition certificatesv1.CertificateSigningRequestCondition) bool {
		return condition.Type == t && condition.Status == corev1.ConditionTrue
	})
}

func (c signingRequest) csrRequest() csr.Request { return RequestOf(c.CertificateSigningRequest) }

// RequestOf converts a CertificateSigningRequest for [csr.Policy.Evaluate].
func RequestOf(c *certificatesv1.CertificateSigningRequest) csr.Request {
	extra := make(map[string][]string, len(c.Spec.Extra))
	for key, values := range c.Spec.Extra {
		extra[key] = values
	}
	r := csr.Request{
		Kind:      csr.KindCertificateSigningRequest,
		Requester: csr.Requester{Username: c.Spec.Username, UID: c.Spec.UID, Groups: c.Spec.Groups, Extra: extra},
		CSR:       c.Spec.Request,
	}
	for _, usage := range c.Spec.Usages {
		r.Usages = append(r.Usages, string(usage))
	}
	if seconds := c.Spec.ExpirationSeconds; seconds != nil {
		r.Lifetime = time.Duration(*seconds) * time.Second
	}
	return r
}

func (c signingRequest) deadline() time.Time { return c.CreationTimestamp.Add(istiodCSRTimeout) }

// selfApproval is the verb approve on the signer, or on all signers of its domain: the
// access that the API server requires for an approval, and that istiod has.
func (c signingRequest) selfApproval() []authorizationv1.ResourceAttributes {
	domain, _, _ := strings.Cut(c.Spec.SignerName, "/")
	var either []authorizationv1.ResourceAttributes
	for _, name := range []string{c.Spec.SignerName, domain + "/*"} {
		either = append(either, authorizationv1.ResourceAttributes{
			Group: certificatesv1.GroupName, Version: "*", Resource: "signers", Verb: "approve", Name: name,
		})
	}
	return either
}

func (c signingRequest) approve(ctx context.Context, why conditionReason) error {
	return c.client.SubResource("approval").Update(ctx, c.with(certificatesv1.CertificateApproved, why))
}

func (c signingRequest) deny(ctx context.Context, why conditionReason) error {
	return c.client.SubResource("approval").Update(ctx, c.with(certificatesv1.CertificateDenied, why))
}

func (c signingRequest) issue(ctx context.Context, chain []*x509.Certificate) error {
	signed := c.DeepCopy()
	signed.Status.Certificate = ca.MarshalCertificates(chain...)
	return c.client.Status().Update(ctx, signed)
}

func (c signingRequest) fail(ctx context.Context, why conditionReason) error {
	return c.client.Status().Update(ctx, c.with(certificatesv1.CertificateFailed, why))
}

// with returns a copy with one more condition.
func (c signingRequest) with(t certificatesv1.RequestConditionType, why conditionReason) *certificatesv1.CertificateSigningRequest {
	changed := c.DeepCopy()
	changed.Status.Conditions = append(changed.Status.Conditions, certificatesv1.CertificateSigningRequestCondition{
		Type:           t,
		Status:         corev1.ConditionTrue,
		Reason:         why.reason,
		Message:        truncate(why.message, maxMessage),
		LastUpdateTime: metav1.NewTime(c.now()),
	})
	return changed
}
