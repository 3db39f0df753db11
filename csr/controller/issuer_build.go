package controller

import (
	"context"
	"errors"
	"slices"

	"github.com/trustgen/trustgen/issuer/backend"
)

// build makes the issuer that an object specifies, and replaces the watches of the objects
// that it refers to. It does not call the CA.
func (i *issuerReconciler) build(ctx context.Context, o issuerObject) (*activeIssuer, error) {
	key, s := o.key(), i.refs(o.key())
	policy, policyErr := NewPolicy(o.spec.Policy, key.namespace, i.ClusterResourceNamespace)
	made, err := i.NewIssuer(ctx, *o.spec.DeepCopy(), i.options(key, s))
	i.watcher.use(key, s.all())
	if err := errors.Join(policyErr, err); err != nil {
		return nil, err
	}
	fingerprint, err := s.fingerprint(o.spec)
	if err != nil {
		return nil, err
	}
	announced, err := s.announced(o.spec)
	if err != nil {
		return nil, err
	}
	return &activeIssuer{
		key:         key,
		fingerprint: fingerprint,
		announced:   announced,
		policy:      policy,
		backend:     made,
		chain:       o.spec.Chain,
		approval:    o.spec.Approval,
		users:       slices.Clone(o.spec.AllowIntermediates),
	}, nil
}

// options allow only a cluster issuer to announce its CAs: any namespace could fill the
// ConfigMap otherwise.
func (i *issuerReconciler) options(key issuerKey, s *refs) backend.Options {
	o := backend.Options{Name: key.String(), Sources: s, Now: i.Now}
	if key.namespace == "" {
		o.Announcer = announcer{reader: i.reader, writer: i.client, namespace: i.ClusterResourceNamespace, issuer: key.name, now: i.Now}
	}
	return o
}

// refs are the references of an issuer: a cluster issuer reads in one namespace, a
// TrustIssuer in its own.
func (i *issuerReconciler) refs(key issuerKey) *refs {
	s := &refs{reader: i.reader, namespace: i.ClusterResourceNamespace, registry: i.registry, key: key, read: make(map[objectRef]string)}
	if key.namespace != "" {
		s.namespace = key.namespace
	}
	return s
}
