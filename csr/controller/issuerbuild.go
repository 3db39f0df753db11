package controller

import (
	"context"
	"errors"
	"slices"

	"github.com/trustgen/trustgen/issuer/backend"
)

// build makes the issuer that an object describes, and watches what it names from now
// on. Nothing is sent to a CA.
func (i *issuers) build(ctx context.Context, o issuerObject) (*serving, error) {
	key, s := o.key(), i.sources(o.key())
	policy, policyErr := NewPolicy(o.spec.Policy, key.namespace, i.ClusterResourceNamespace)
	made, err := i.NewIssuer(ctx, *o.spec.DeepCopy(), i.options(key, s))
	i.watcher.use(key, s.names())
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
	return &serving{
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

// options let a cluster issuer announce its CAs. Others could fill the ConfigMap.
func (i *issuers) options(key issuerKey, s *sources) backend.Options {
	o := backend.Options{Name: key.String(), Sources: s, Now: i.Now}
	if key.namespace == "" {
		o.Announcer = announcer{reader: i.reader, writer: i.client, namespace: i.ClusterResourceNamespace, issuer: key.name, now: i.Now}
	}
	return o
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
