package cfssl_test

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/trustgen/trustgen/ca/catest"
	"github.com/trustgen/trustgen/issuer/cfssl"
)

// network connects clients and fakes in memory, so that a synctest bubble covers both and
// timeouts pass in its clock.
type network struct {
	t         testing.TB
	listeners map[string]*listener
	dialled   atomic.Int32
}

func newNetwork(t testing.TB) *network {
	t.Helper()
	return &network{t: t, listeners: make(map[string]*listener)}
}

// start starts n servers of one CA.
func (n *network) start(count int) []*fake {
	n.t.Helper()
	h := catest.New(n.t)
	var servers []*fake
	for range count {
		f := newFake(n.t, h.Intermediate, h.IntermediateKey)
		l := &listener{addr: fmt.Sprintf("127.0.0.1:%d", len(n.listeners)+1), conns: make(chan net.Conn), closed: make(chan struct{})}
		n.listeners[l.addr] = l
		f.Server = &httptest.Server{Listener: l, Config: f.config()}
		f.startTLS(&tls.Config{})
		servers = append(servers, f)
	}
	return servers
}

// client is a client whose connections go through the network.
func (n *network) client(o cfssl.Options) *cfssl.Issuer {
	n.t.Helper()
	i := client(n.t, o)
	cfssl.SetDial(i, n.dial)
	return i
}

func (n *network) dial(ctx context.Context, _, addr string) (net.Conn, error) {
	n.dialled.Add(1)
	l := n.listeners[addr]
	near, far := net.Pipe()
	select {
	case l.conns <- far:
		return near, nil
	case <-l.closed:
		return nil, errors.New("connection refused")
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// listener is a server's end of a network, and its own address.
type listener struct {
	addr   string
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func (l *listener) Accept() (net.Conn, error) {
	select {
	case conn := <-l.conns:
		return conn, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *listener) Close() error {
	l.once.Do(func() { close(l.closed) })
	return nil
}

func (l *listener) Addr() net.Addr  { return l }
func (l *listener) Network() string { return "memory" }
func (l *listener) String() string  { return l.addr }
