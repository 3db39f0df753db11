package workload

import (
	"errors"
	"fmt"
	"net"
	"slices"
)

// Reasons to refuse a connection. Authentication comes before authorization.
var (
	ErrServerUntrusted  = errors.New("the client does not trust the server's certificate")
	ErrClientUntrusted  = errors.New("the server does not trust the client's certificate")
	ErrServerNotAllowed = errors.New("the client does not expect this server")
	ErrClientNotAllowed = errors.New("the server does not allow this client")
)

// allowed is a list of principals; an empty one allows all.
type allowed []string

// check returns an error unless principal is in the list.
func (a allowed) check(principal string) error {
	if len(a) == 0 || slices.Contains(a, principal) {
		return nil
	}
	return fmt.Errorf("it is %s, want one of %v", principal, []string(a))
}

// byPeer reports whether the peer closed the TLS connection with an alert.
func byPeer(err error) bool {
	opErr := (*net.OpError)(nil)
	return errors.As(err, &opErr) && opErr.Op == "remote error"
}
