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
	entries, ok, err := publicEntries(data)
	if err != nil || !ok {
		if err == nil {
			return fabric.ParseExchange(data)
		}
		return fabric.Exchange{}, err
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

// publicEntries are those of a Secret or a ConfigMap in YAML or JSON, without keys. It
// reports whether the data is one of these.
func publicEntries(data []byte) (map[string][]byte, bool, error) {
	var object metav1.TypeMeta
	if err := yaml.Unmarshal(data, &object); err != nil {
		return nil, false, nil // something else, for others to read
	}
	switch object.Kind {
	case "Secret":
		var secret corev1.Secret
		err := yaml.Unmarshal(data, &secret)
		for _, key := range []string{secrets.CAKeyFile, corev1.TLSPrivateKeyKey} {
			delete(secret.Data, key)
		}
		return secret.Data, true, err
	case "ConfigMap":
		var config corev1.ConfigMap
		err := yaml.Unmarshal(data, &config)
		entries := make(map[string][]byte, len(config.Data))
		for name, text := range config.Data {
			entries[name] = []byte(text)
		}
		return entries, true, err
	}
	return nil, false, nil
}
