package controller

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/trustgen/trustgen/issuer"
	"github.com/trustgen/trustgen/issuer/v1alpha1"
)

// objectRef identifies a Secret or ConfigMap.
type objectRef struct{ kind, namespace, name string }

const (
	kindSecret    = "Secret"
	kindConfigMap = "ConfigMap"
)

// refs reads the objects that one issuer refers to: by name, in one namespace, without a
// cache. It implements backend.Sources and records what was read.
type refs struct {
	reader    client.Reader
	namespace string
	registry  *registry
	key       issuerKey
	read      map[objectRef]string // hashes of the contents
}

// Secret implements backend.Sources.
func (s *refs) Secret(ctx context.Context, name string) (map[string][]byte, error) {
	var secret corev1.Secret
	if err := s.get(ctx, kindSecret, name, &secret); err != nil {
		return nil, err
	}
	return secret.Data, s.remember(kindSecret, name, secret.Data)
}

// ConfigMap implements backend.Sources.
func (s *refs) ConfigMap(ctx context.Context, name string) (map[string]string, error) {
	var config corev1.ConfigMap
	if err := s.get(ctx, kindConfigMap, name, &config); err != nil {
		return nil, err
	}
	return config.Data, s.remember(kindConfigMap, name, config.Data)
}

// Upstream implements backend.Sources.
func (s *refs) Upstream(_ context.Context, ref v1alpha1.IssuerReference) (issuer.IntermediateIssuer, error) {
	key := issuerKey{name: ref.Name}
	switch ref.Kind {
	case "", v1alpha1.KindTrustClusterIssuer:
	case v1alpha1.KindTrustIssuer:
		if s.key.namespace == "" {
			return nil, fmt.Errorf("a %s cannot have its intermediate from a %s", v1alpha1.KindTrustClusterIssuer, v1alpha1.KindTrustIssuer)
		}
		key.namespace = s.key.namespace
	default:
		return nil, fmt.Errorf("the kind %q is neither %s nor %s", ref.Kind, v1alpha1.KindTrustIssuer, v1alpha1.KindTrustClusterIssuer)
	}
	if key == s.key {
		return nil, fmt.Errorf("the issuer %s is its own upstream", key)
	}
	return upstream{registry: s.registry, key: key, user: s.key.user()}, nil
}

func (s *refs) get(ctx context.Context, kind, name string, into client.Object) error {
	s.read[objectRef{kind, s.namespace, name}] = "" // to be watched even if it does not exist yet
	err := s.reader.Get(ctx, types.NamespacedName{Namespace: s.namespace, Name: name}, into)
	if err != nil {
		return fmt.Errorf("the %s %q in %s: %w", kind, name, s.namespace, err)
	}
	return nil
}

// remember records a hash of the content. JSON encodes maps in the order of their keys.
func (s *refs) remember(kind, name string, content any) error {
	data, err := json.Marshal(content)
	if err != nil {
		return err
	}
	s.read[objectRef{kind, s.namespace, name}] = hash(data)
	return nil
}

// fingerprint changes with the specification and with the objects that it refers to.
func (s *refs) fingerprint(spec *v1alpha1.IssuerSpec) (string, error) {
	data, err := json.Marshal(spec)
	if err != nil {
		return "", err
	}
	parts := []string{hash(data)}
	for _, ref := range s.all() {
		parts = append(parts, ref.kind, ref.name, s.read[ref])
	}
	return hash([]byte(strings.Join(parts, "\n"))), nil
}

// announced is the fingerprint of an announced CA, "" if the CA is not announced. It does
// not cover the policy: a change of the policy keeps the CA, since a new one would have to
// be announced first.
func (s *refs) announced(spec *v1alpha1.IssuerSpec) (string, error) {
	if e := spec.Ephemeral; e == nil || e.Announce.Duration == 0 {
		return "", nil
	}
	return s.fingerprint(&v1alpha1.IssuerSpec{Backend: spec.Backend, TrustAnchors: spec.TrustAnchors, Limits: spec.Limits})
}

// all are the objects that were read or are missing, sorted.
func (s *refs) all() []objectRef {
	return slices.SortedFunc(maps.Keys(s.read), func(a, b objectRef) int {
		return strings.Compare(a.kind+"/"+a.name, b.kind+"/"+b.name)
	})
}

func hash(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}
