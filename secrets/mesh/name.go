package mesh

import (
	"crypto"
	"errors"
	"fmt"
	"strings"

	"github.com/trustgen/trustgen/ca"
)

const maxClusterName = 63

// ClusterNameError says that a cluster cannot have a name.
type ClusterNameError struct {
	Name, Reason string
}

func (e *ClusterNameError) Error() string {
	return fmt.Sprintf("cluster name %q %s", e.Name, e.Reason)
}

// CheckCluster accepts DNS-1123 labels, which are safe as parts of a path and of a Kubernetes
// name. The error is a [*ClusterNameError].
func CheckCluster(name string) error {
	outside := func(r rune) bool { return (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '-' }
	var reason string
	switch {
	case name == "":
		reason = "is empty"
	case strings.ContainsFunc(name, outside):
		reason = "has characters other than a-z, 0-9 and -"
	case len(name) > maxClusterName:
		reason = "is longer than 63 characters"
	case strings.HasPrefix(name, "-") || strings.HasSuffix(name, "-"):
		reason = "begins or ends with a dash"
	default:
		return nil
	}
	return &ClusterNameError{Name: name, Reason: reason}
}

// CheckClusters accepts one name or more, each once. The error is a [*ClusterNameError], or
// says that there is none.
func CheckClusters(names []string) error {
	if len(names) == 0 {
		return errors.New("no cluster is given")
	}
	given := make(map[string]bool, len(names))
	for _, name := range names {
		if err := CheckCluster(name); err != nil {
			return err
		}
		if given[name] {
			return &ClusterNameError{Name: name, Reason: "is given twice"}
		}
		given[name] = true
	}
	return nil
}

// ClusterOf is the cluster in a common name that a trustgen gave to a key: the name, a space
// and a tag of the key. It is empty if another program chose the name, or if the name of the
// cluster had to be cut.
func ClusterOf(commonName string, key crypto.PublicKey) string {
	i := strings.LastIndexByte(commonName, ' ')
	if i < 0 || CheckCluster(commonName[:i]) != nil || !isTaggedFor(commonName[:i], commonName, key) {
		return ""
	}
	// One more character, which may have been cut, would give the same name.
	if isTaggedFor(commonName[:i]+"x", commonName, key) {
		return ""
	}
	return commonName[:i]
}

func isTaggedFor(cluster, commonName string, key crypto.PublicKey) bool {
	tagged, err := ca.TaggedName(cluster, key)
	return err == nil && tagged == commonName
}
