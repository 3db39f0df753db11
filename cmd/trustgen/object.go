package main

import (
	"maps"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"
)

// objectEntries are those of a Secret or a ConfigMap in YAML or JSON, as kubectl prints it or
// takes it; nil of anything else.
func objectEntries(data []byte) (map[string][]byte, error) {
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

// kindOf is empty for what is not an object of Kubernetes.
func kindOf(data []byte) string {
	var object metav1.TypeMeta
	if yaml.Unmarshal(data, &object) != nil {
		return ""
	}
	return object.Kind
}
