package secrets

import "slices"

// IstiodNames are the DNS names of the certificate that an istiod makes for itself, with
// the CA that it signs workloads with: those that a name constraint has to permit. One name
// outside breaks it for all of them.
//
// The namespace is that of istiod; empty means [DefaultNamespace]. Each revision has a name
// of its own, except the one that is empty or called "default". Whatever its namespace, an
// istiod also has the name that proxies look for by default, in istio-system. Not here are
// the names that a mesh was configured to have beside these, with
// meshConfig.defaultConfig.discoveryAddress or ISTIOD_CUSTOM_HOST.
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
