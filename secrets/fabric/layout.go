package fabric

import (
	"path"

	"github.com/trustgen/trustgen/ca/store"
	"github.com/trustgen/trustgen/secrets"
)

// Names in the directory.
const (
	configFile   = "fabric.yaml"
	rootCertFile = "root-cert.pem"
	rootKeyFile  = "root-key.pem"
	// The CA that issues is the root, or, if these files exist, an issuing CA below it.
	issuingCertFile = "issuing-cert.pem"
	issuingKeyFile  = "issuing-key.pem"

	clustersFolder = "clusters"
	requestsFolder = "requests"
	requestFile    = "request.pem"
	recordsFolder  = "authorities"
)

func clusterFolder(cluster string) string { return path.Join(clustersFolder, cluster) }

func requestFolder(cluster string) string { return path.Join(requestsFolder, cluster) }

func crlFile(cluster string) string { return path.Join(clusterFolder(cluster), secrets.CACRLFile) }

func recordFile(id string) string { return path.Join(recordsFolder, id+".yaml") }

// bundleFiles are those of every CA bundle, and its CRLs.
func bundleFiles() []string { return append(secrets.FileNames(), secrets.CACRLFile) }

// fileMode keeps the key of a CA bundle from other users.
func fileMode(name string) store.Mode {
	if name == secrets.CAKeyFile {
		return store.Private
	}
	return store.Public
}
