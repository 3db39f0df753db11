package main

import (
	"context"
	"fmt"
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"

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

// publicEntries are those of a Secret or a ConfigMap without the keys of one.
func publicEntries(data []byte) (map[string][]byte, error) {
	entries, err := objectEntries(data)
	for _, name := range []string{secrets.CAKeyFile, corev1.TLSPrivateKeyKey} {
		delete(entries, name)
	}
	return entries, err
}
