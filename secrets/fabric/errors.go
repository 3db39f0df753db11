package fabric

import (
	"errors"
	"fmt"
	"path/filepath"
)

// ErrNoRoot says that a directory has no root yet.
var ErrNoRoot = errors.New("no root yet")

// ErrRootExists says that a directory has a root already.
var ErrRootExists = errors.New("there is a root already")

// ErrRootKeyMissing says that the root's key is not in the directory, where it is
// needed to issue.
var ErrRootKeyMissing = errors.New("the key of the root is not here")

// ErrIssuingKeyMissing says that the key of the issuing CA, which stands below a root whose key
// is elsewhere, is not here. It is needed to issue.
var ErrIssuingKeyMissing = errors.New("the key of the issuing CA is not here")

// ClusterNameError says that a cluster cannot have a name.
type ClusterNameError struct {
	Name, Reason string
}

func (e *ClusterNameError) Error() string {
	return fmt.Sprintf("cluster name %q %s", e.Name, e.Reason)
}

// UnknownClusterError says that a directory has no such cluster.
type UnknownClusterError struct {
	Dir, Cluster string
}

func (e *UnknownClusterError) Error() string {
	return fmt.Sprintf("%s has no cluster %s", e.Dir, e.Cluster)
}

// DamagedError says that the files of a cluster are not a good set: a file is
// missing or damaged, others can read the key, the parts do not fit, or another
// root issued it.
type DamagedError struct {
	Dir, Cluster string
	Err          error
}

func (e *DamagedError) Error() string {
	return fmt.Sprintf("%s: %v", filepath.Join(e.Dir, clustersFolder, e.Cluster), e.Err)
}

func (e *DamagedError) Unwrap() error { return e.Err }

// RequestError says that a request cannot be used any more.
type RequestError struct {
	Dir, Cluster string
	Err          error
}

func (e *RequestError) Error() string {
	return fmt.Sprintf("%s: %v", filepath.Join(e.Dir, requestsFolder, e.Cluster), e.Err)
}

func (e *RequestError) Unwrap() error { return e.Err }
