package backend

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/trustgen/trustgen/issuer"
	"github.com/trustgen/trustgen/issuer/local"
	"github.com/trustgen/trustgen/issuer/v1alpha1"
)

// Sources resolve the references of a specification. Their errors name the object.
type Sources interface {
	Secret(ctx context.Context, name string) (map[string][]byte, error)
	ConfigMap(ctx context.Context, name string) (map[string]string, error)
	// Upstream returns the issuer that certifies an ephemeral one.
	Upstream(ctx context.Context, ref v1alpha1.IssuerReference) (issuer.IntermediateIssuer, error)
}

// Options are the environment of an issuer.
type Options struct {
	// Name is the name of the CA in errors. It is required.
	Name string
	// Sources are required.
	Sources Sources
	// Announcer publishes the CAs of an ephemeral issuer that announces them; nil rejects
	// such a specification.
	Announcer local.Announcer
	// Now is the clock; nil means time.Now.
	Now func() time.Time
}

// Backend is an issuer with the options to check its responses.
type Backend struct {
	// Issuer applies the limits of the specification. Use [issuer.As] to find its optional
	// interfaces.
	Issuer issuer.Issuer
	// Obtain are the options for [issuer.Obtain].
	Obtain issuer.ObtainOptions
}

// New creates the issuer of a specification. It ignores the policy, which package csr
// applies. It does not connect to a CA. Errors name the field.
func New(ctx context.Context, spec v1alpha1.IssuerSpec, o Options) (*Backend, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	b := &builder{Options: o, spec: spec}
	made, err := b.build(ctx)
	if err != nil {
		return nil, fmt.Errorf("issuer %s: %w", o.Name, err)
	}
	return made, nil
}

// builder is one call of New.
type builder struct {
	Options
	spec   v1alpha1.IssuerSpec
	obtain issuer.ObtainOptions
}

// kind is a backend that a specification can select.
type kind struct {
	field  string
	chosen bool
	build  func(context.Context) (issuer.Issuer, error)
}

func (b *builder) kinds() []kind {
	return []kind{
		{"ca", b.spec.CA != nil, b.authority},
		{"ephemeral", b.spec.Ephemeral != nil, b.ephemeral},
		{"cfssl", b.spec.CFSSL != nil, b.cfssl},
	}
}

func (b *builder) build(ctx context.Context) (*Backend, error) {
	chosen, err := b.choose()
	if err != nil {
		return nil, err
	}
	limits, err := b.limits()
	if err != nil {
		return nil, err
	}
	roots, err := b.trustAnchors(ctx)
	if err != nil {
		return nil, fmt.Errorf("trustAnchors: %w", err)
	}
	b.obtain = issuer.ObtainOptions{Backend: b.Name, Roots: roots, Now: b.Now}
	made, err := chosen.build(ctx)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", chosen.field, err)
	}
	return &Backend{Issuer: issuer.Limit(made, limits), Obtain: b.obtain}, nil
}

func (b *builder) choose() (kind, error) {
	var chosen []kind
	var fields []string
	for _, k := range b.kinds() {
		fields = append(fields, k.field)
		if k.chosen {
			chosen = append(chosen, k)
		}
	}
	if len(chosen) != 1 {
		return kind{}, fmt.Errorf("has %d backends, expected exactly one of %v", len(chosen), fields)
	}
	return chosen[0], nil
}

func (b *builder) limits() (issuer.LimitOptions, error) {
	l := b.spec.Limits
	if l.RequestsPerSecond < 0 || l.Burst < 0 || l.Concurrency < 0 {
		return issuer.LimitOptions{}, errors.New("limits: a limit is negative, expected a positive number, or 0 for no limit")
	}
	return issuer.LimitOptions{Rate: float64(l.RequestsPerSecond), Burst: int(l.Burst), Concurrency: int(l.Concurrency)}, nil
}
