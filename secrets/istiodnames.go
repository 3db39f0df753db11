package secrets

import "slices"

// IstiodNames returns the DNS names in the certificate that istiod signs for itself, with the CA
// that signs the workloads. A name constraint of that CA has to permit all of them: verifiers
// refuse the certificate if it does not permit one.
//
// The namespace is that of istiod; empty means [DefaultNamespace]. Each revision adds a name,
// except the empty one and "default". In any namespace istiod also has the name that proxies use
// by default, in istio-system. Names from meshConfig.defaultConfig.discoveryAddress and
// ISTIOD_CUSTOM_HOST are not included.
func IstiodNames(namespace string, revisions ...string) []string {
	if namespace == "" {
		namespace = DefaultNamespace
	}
	var names []string
	add := func(name, namespace string) {
		if name += "." + namespace + ".svc"; !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	for _, name := range []string{"istiod", "istiod-remote", "istio-pilot"} {
		add(name, namespace)
	}
	for _, revision := range revisions {
		if revision != "" && revision != "default" {
			add("istiod-"+revision, namespace)
		}
	}
	add("istiod", DefaultNamespace)
	return names
}
