package main

import (
	"context"
	"fmt"
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"github.com/trustgen/trustgen/secrets"
	"github.com/trustgen/trustgen/secrets/fabric"
)

// readExchange reads certificates and CRLs from a file, or from what kubectl prints of a
// Secret or a ConfigMap.
func (t *terminal) readExchange(ctx context.Context, name string) (fabric.Exchange, error) {
	data, err := t.read(ctx, name)
	if err != nil {
		return fabric.Exchange{}, err
	}
	exchange, err := parseExchange(data)
	if err != nil {
		return fabric.Exchange{}, fmt.Errorf("%s: %w", displayName(name), err)
	}
	return exchange, nil
}

func parseExchange(data []byte) (fabric.Exchange, error) {
	entries, err := publicEntries(data)
	switch {
	case err != nil:
		return fabric.Exchange{}, err
	case entries == nil:
		return fabric.ParseExchange(data)
	}
	var all fabric.Exchange
	for _, name := range slices.Sorted(maps.Keys(entries)) {
		e, err := fabric.ParseExchange(entries[name])
		if err != nil {
			return fabric.Exchange{}, fmt.Errorf("%s: %w", name, err)
		}
		all.Certificates = append(all.Certificates, e.Certificates...)
		all.CRLs = append(all.CRLs, e.CRLs...)
	}
	return all, nil
}

// publicEntries are those of a Secret or a ConfigMap in YAML or JSON, without keys; nil
// of anything else.
func publicEntries(data []byte) (map[string][]byte, error) {
	entries := make(map[string][]byte)
	switch kindOf(data) {
	case "Secret":
		var secret corev1.Secret
		if err := yaml.Unmarshal(data, &secret); err != nil {
			return nil, err
		}
		maps.Copy(entries, secret.Data)
		delete(entries, secrets.CAKeyFile)
		delete(entries, corev1.TLSPrivateKeyKey)
	case "ConfigMap":
		var config corev1.ConfigMap
		if err := yaml.Unmarshal(data, &config); err != nil {
			return nil, err
		}
		for name, text := range config.Data {
			entries[name] = []byte(text)
		}
	default:
		return nil, nil
	}
	return entries, nil
}

// kindOf is empty for what is not an object of Kubernetes.
func kindOf(data []byte) string {
	var object metav1.TypeMeta
	if yaml.Unmarshal(data, &object) != nil {
		return ""
	}
	return object.Kind
}
