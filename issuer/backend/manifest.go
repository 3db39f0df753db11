package backend

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"

	corev1 "k8s.io/api/core/v1"
	yamlreader "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/yaml"

	"github.com/trustgen/trustgen/issuer"
	"github.com/trustgen/trustgen/issuer/v1alpha1"
)

// Manifest is one issuer with the Secrets and ConfigMaps that it refers to. It implements
// [Sources].
type Manifest struct {
	// Name and Spec of the issuer.
	Name string
	Spec v1alpha1.IssuerSpec

	secrets    map[string]map[string][]byte
	configMaps map[string]map[string]string
}

// ParseManifest parses documents in YAML or JSON: one TrustClusterIssuer or TrustIssuer,
// Secrets and ConfigMaps. It rejects unknown fields and other kinds; errors name the
// document. It ignores namespaces.
func ParseManifest(data []byte) (*Manifest, error) {
	m := &Manifest{secrets: make(map[string]map[string][]byte), configMaps: make(map[string]map[string]string)}
	reader := yamlreader.NewYAMLReader(bufio.NewReader(bytes.NewReader(data)))
	for i := 1; ; i++ {
		document, err := reader.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err == nil {
			err = m.add(document)
		}
		if err != nil {
			return nil, fmt.Errorf("document %d: %w", i, err)
		}
	}
	if m.Name == "" {
		return nil, fmt.Errorf("contains no %s", v1alpha1.KindTrustClusterIssuer)
	}
	return m, nil
}

func (m *Manifest) add(document []byte) error {
	var content any
	if err := yaml.Unmarshal(document, &content); err != nil || content == nil {
		return err
	}
	object, ok := content.(map[string]any)
	if !ok {
		return errors.New("is not an object in YAML or JSON")
	}
	switch kind, version := object["kind"], object["apiVersion"]; {
	case version == v1alpha1.APIVersion && (kind == v1alpha1.KindTrustClusterIssuer || kind == v1alpha1.KindTrustIssuer):
		return m.addIssuer(document)
	case version == "v1" && kind == "Secret":
		return m.addSecret(document)
	case version == "v1" && kind == "ConfigMap":
		return m.addConfigMap(document)
	default:
		return fmt.Errorf("is of kind %q and apiVersion %q, expected a %s of %s, a Secret or a ConfigMap of v1",
			kind, version, v1alpha1.KindTrustClusterIssuer, v1alpha1.APIVersion)
	}
}

func (m *Manifest) addIssuer(document []byte) error {
	var i v1alpha1.TrustClusterIssuer // a TrustIssuer has the same fields
	switch err := yaml.UnmarshalStrict(document, &i); {
	case err != nil:
		return err
	case i.Name == "":
		return fmt.Errorf("the %s has no name", i.Kind)
	case m.Name != "":
		return fmt.Errorf("is a second issuer, %s after %s", i.Name, m.Name)
	}
	m.Name, m.Spec = i.Name, i.Spec
	return nil
}

// addSecret does not report the cause of a malformed Secret, which might quote it.
func (m *Manifest) addSecret(document []byte) error {
	var s corev1.Secret
	if err := yaml.UnmarshalStrict(document, &s); err != nil {
		return errors.New("the Secret is malformed: expected base64 in data, text in stringData, and no unknown fields")
	}
	if m.secrets[s.Name] != nil {
		return fmt.Errorf("there are two Secrets %q", s.Name)
	}
	m.secrets[s.Name] = make(map[string][]byte)
	maps.Copy(m.secrets[s.Name], s.Data)
	for key, text := range s.StringData {
		m.secrets[s.Name][key] = []byte(text)
	}
	return nil
}

func (m *Manifest) addConfigMap(document []byte) error {
	var c corev1.ConfigMap
	if err := yaml.UnmarshalStrict(document, &c); err != nil {
		return err
	}
	if m.configMaps[c.Name] != nil {
		return fmt.Errorf("there are two ConfigMaps %q", c.Name)
	}
	m.configMaps[c.Name] = make(map[string]string)
	maps.Copy(m.configMaps[c.Name], c.Data)
	return nil
}

// HasSecrets reports whether the manifest contains Secrets, so that its file must be private.
func (m *Manifest) HasSecrets() bool { return len(m.secrets) > 0 }

// Secret implements [Sources].
func (m *Manifest) Secret(_ context.Context, name string) (map[string][]byte, error) {
	data, ok := m.secrets[name]
	if !ok {
		return nil, fmt.Errorf("no Secret %q in the manifest", name)
	}
	return maps.Clone(data), nil
}

// ConfigMap implements [Sources].
func (m *Manifest) ConfigMap(_ context.Context, name string) (map[string]string, error) {
	data, ok := m.configMaps[name]
	if !ok {
		return nil, fmt.Errorf("no ConfigMap %q in the manifest", name)
	}
	return maps.Clone(data), nil
}

// Upstream implements [Sources]. It always fails: a manifest has only one issuer.
func (m *Manifest) Upstream(_ context.Context, ref v1alpha1.IssuerReference) (issuer.IntermediateIssuer, error) {
	return nil, fmt.Errorf("no issuer %q in the manifest, which can contain only one", ref.Name)
}

// Format prints the name for every verb, so that formatting never reveals a Secret.
func (m Manifest) Format(f fmt.State, _ rune) {
	_, _ = io.WriteString(f, "backend.Manifest("+m.Name+")")
}
