// Package files reads files of other programs: PEM with text around it, DER, Secrets and ConfigMaps.
package files

import (
	"maps"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"
)

// Entries are the entries of a Secret or a ConfigMap in YAML or JSON, as kubectl prints and accepts
// it; nil for all other data.
func Entries(data []byte) (map[string][]byte, error) {
	var binary map[string][]byte
	var text map[string]string
	switch kindOf(data) {
	case "Secret":
		var secret corev1.Secret
		if err := yaml.Unmarshal(data, &secret); err != nil {
			return nil, err
		}
		binary, text = secret.Data, secret.StringData
	case "ConfigMap":
		var config corev1.ConfigMap
		if err := yaml.Unmarshal(data, &config); err != nil {
			return nil, err
		}
		binary, text = config.BinaryData, config.Data
	default:
		return nil, nil
	}
	entries := make(map[string][]byte)
	maps.Copy(entries, binary)
	for name, s := range text {
		entries[name] = []byte(s)
	}
	return entries, nil
}

// kindOf is the kind of an object of Kubernetes, empty for all other data.
func kindOf(data []byte) string {
	var object metav1.TypeMeta
	if yaml.Unmarshal(data, &object) != nil {
		return ""
	}
	return object.Kind
}
