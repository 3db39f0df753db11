package fabric

import (
	"errors"
	"fmt"
)

var (
	// ErrNoRoot says that a directory has no root yet.
	ErrNoRoot = errors.New("no root yet")
	// ErrRootExists says that a directory has a root already.
	ErrRootExists = errors.New("there is a root already")
	// ErrKeyMissing says that the key of the CA that issues is not in the directory: that of the
	// root, or of the issuing CA below it.
	ErrKeyMissing = errors.New("the key of the CA that issues is not in this directory")
)

// UnknownClusterError says that a directory has no such cluster.
type UnknownClusterError struct {
	Cluster string
}

func (e *UnknownClusterError) Error() string { return fmt.Sprintf("there is no cluster %s", e.Cluster) }

// DamagedError says that the files of a cluster are not a valid CA bundle: a file is missing or
// damaged, other users can read the key, the parts do not belong together, or another root issued
// it.
type DamagedError struct {
	Path, Cluster string
	Err           error
}

func (e *DamagedError) Error() string { return fmt.Sprintf("%s: %v", e.Path, e.Err) }
func (e *DamagedError) Unwrap() error { return e.Err }

// RequestError says that a request cannot be used any more.
type RequestError struct {
	Path, Cluster string
	Err           error
}

func (e *RequestError) Error() string { return fmt.Sprintf("%s: %v", e.Path, e.Err) }
func (e *RequestError) Unwrap() error { return e.Err }

// PendingRequestError says that the request of a cluster waits for its signed response.
type PendingRequestError struct {
	Cluster string
}

func (e *PendingRequestError) Error() string {
	return fmt.Sprintf("the request of cluster %s waits for its signed response", e.Cluster)
}
