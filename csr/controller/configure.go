package controller

import (
	certificatesv1 "k8s.io/api/certificates/v1"
	"k8s.io/client-go/rest"
	toolscache "k8s.io/client-go/tools/cache"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// Configure prepares a manager's configuration and cache for signing: without a limit of
// the client, which API priority and fairness does better, and with nothing of other
// signers' requests but what tells that they are not ours. Types of Kubernetes itself
// are sent as protobuf, which controller-runtime does unless a content type is set.
func Configure(config *rest.Config, options *cache.Options) {
	config.QPS, config.RateLimiter = -1, nil
	config.ContentType = ""
	if options.ByObject == nil {
		options.ByObject = make(map[client.Object]cache.ByObject)
	}
	object, by := client.Object(&certificatesv1.CertificateSigningRequest{}), cache.ByObject{}
	for known, its := range options.ByObject {
		if _, ok := known.(*certificatesv1.CertificateSigningRequest); ok {
			object, by = known, its
		}
	}
	by.Transform = after(by.Transform)
	options.ByObject[object] = by
}

// after strips what another transformation leaves.
func after(first toolscache.TransformFunc) toolscache.TransformFunc {
	if first == nil {
		return strip
	}
	return func(o any) (any, error) {
		o, err := first(o)
		if err != nil {
			return nil, err
		}
		return strip(o)
	}
}

// strip keeps what is needed of a request before it goes into the cache.
func strip(o any) (any, error) {
	c, ok := o.(*certificatesv1.CertificateSigningRequest)
	if !ok {
		return o, nil
	}
	c.ManagedFields = nil
	if _, ours := parseSignerName(c.Spec.SignerName); !ours {
		signer := c.Spec.SignerName
		c.Spec, c.Status = certificatesv1.CertificateSigningRequestSpec{SignerName: signer}, certificatesv1.CertificateSigningRequestStatus{}
		c.Labels, c.Annotations = nil, nil
	}
	return c, nil
}
