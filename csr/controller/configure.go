package controller

import (
	"maps"

	certificatesv1 "k8s.io/api/certificates/v1"
	"k8s.io/client-go/rest"
	toolscache "k8s.io/client-go/tools/cache"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// Configure returns a copy of a configuration that is tuned for signing, for the manager
// that [Setup] extends: without a client-side rate limit, since API priority and fairness
// limits requests on the server, and with protobuf for the types of Kubernetes, which
// controller-runtime uses unless a content type is set. The given configuration stays as
// it is.
//
// It also changes the options of the manager's cache, so that of the requests of other
// signers only the name of the signer is cached. Call it in a statement of its own, before
// the options are passed to manager.New.
func Configure(config *rest.Config, options *cache.Options) *rest.Config {
	config = rest.CopyConfig(config)
	config.QPS, config.RateLimiter = -1, nil
	config.ContentType = ""
	if options.ByObject = maps.Clone(options.ByObject); options.ByObject == nil {
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
	return config
}

// after strips the result of another transformation.
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

// strip removes the unused parts of a request before it is cached.
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
