package controller

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/trustgen/trustgen/csr"
	"github.com/trustgen/trustgen/issuer/backend"
	"github.com/trustgen/trustgen/issuer/v1alpha1"
)

// build makes the issuer that an object describes, and watches what it names from now
// on. Nothing is sent to a CA.
func (i *issuers) build(ctx context.Context, o issuerObject) (*serving, error) {
	key, s := o.key(), i.sources(o.key())
	policy, policyErr := i.policy(&o.spec.Policy, key)
	made, err := i.NewIssuer(ctx, *o.spec.DeepCopy(), backend.Options{Name: key.String(), Sources: s, Now: i.Now})
	i.watcher.use(key, s.names())
	if err := errors.Join(policyErr, err); err != nil {
		return nil, err
	}
	fingerprint, err := s.fingerprint(o.spec)
	if err != nil {
		return nil, err
	}
	return &serving{
		key:         key,
		fingerprint: fingerprint,
		policy:      policy,
		backend:     made,
		chain:       o.spec.Chain,
		approval:    o.spec.Approval,
		users:       slices.Clone(o.spec.AllowIntermediates),
	}, nil
}

// sources are what an issuer may read: a cluster issuer in one namespace, another one in
// its own.
func (i *issuers) sources(key issuerKey) *sources {
	s := &sources{reader: i.reader, namespace: i.ClusterResourceNamespace, registry: i.registry, key: key, read: make(map[named]string)}
	if key.namespace != "" {
		s.namespace = key.namespace
	}
	return s
}

// policy seals a policy. The namespace of cluster issuers' Secrets is a system namespace,
// whatever it is called.
func (i *issuers) policy(spec *v1alpha1.Policy, key issuerKey) (*csr.Policy, error) {
	if key.namespace != "" {
		if err := confine(spec, key.namespace); err != nil {
			return nil, err
		}
	}
	completed := *spec
	completed.SystemNamespaces = append(slices.Clone(spec.SystemNamespaces), i.ClusterResourceNamespace)
	policy, err := csr.NewPolicy(completed)
	if err != nil {
		return nil, fmt.Errorf("policy: %w", err)
	}
	return policy, nil
}
