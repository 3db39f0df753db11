package workload

import (
	"errors"
	"fmt"
	"net"
	"slices"
)

// Why a connection comes to nothing. Whether a peer is who it says comes
// before whether it is allowed.
var (
	ErrServerUntrusted  = errors.New("the client does not trust the server's certificate")
	ErrClientUntrusted  = errors.New("the server does not trust the client's certificate")
	ErrServerNotAllowed = errors.New("the client does not expect this server")
	ErrClientNotAllowed = errors.New("the server does not allow this client")
)

// allowed is a list of principals; an empty one allows all.
type allowed []string

// check returns an error unless principal is allowed.
func (a allowed) check(principal string) error {
	if len(a) == 0 || slices.Contains(a, principal) {
		return nil
	}
	return fmt.Errorf("it is %s, want one of %v", principal, []string(a))
}

// byPeer reports whether the peer broke the TLS connection off with an alert.
func byPeer(err error) bool {
	opErr := (*net.OpError)(nil)
	return errors.As(err, &opErr) && opErr.Op == "remote error"
}
