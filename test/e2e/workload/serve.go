package workload

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"sync"
	"testing"
)

// Server is a workload that serves mutual TLS until its test ends. It greets each client with
// the principal of the client, and echoes its lines.
type Server struct {
	Address string

	identity func() *Identity
	clients  allowed
}

// Serve serves with the current identity of the workload, and allows clients with these
// principals; all of the mesh if there are none.
func (w *Workload) Serve(t testing.TB, clients ...string) *Server {
	t.Helper()
	return serve(t, w.Identity, clients)
}

// Serve serves with the identity, and allows clients with these principals; all of the mesh if
// there are none.
func (id *Identity) Serve(t testing.TB, clients ...string) *Server {
	t.Helper()
	return serve(t, func() *Identity { return id }, clients)
}

func serve(t testing.TB, identity func() *Identity, clients allowed) *Server {
	t.Helper()
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &Server{Address: listener.Addr().String(), identity: identity, clients: clients}
	var serving sync.WaitGroup
	serving.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return // it is closed
			}
			serving.Go(func() { s.handle(t.Context(), conn) })
		}
	})
	t.Cleanup(func() {
		listener.Close()
		serving.Wait()
	})
	return s
}

// handle serves one client until either side closes. The client reports errors to its test.
func (s *Server) handle(ctx context.Context, conn net.Conn) {
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	defer conn.Close()
	secured := tls.Server(conn, s.identity().serverConfig())
	if err := s.talk(ctx, secured); err != nil {
		// Data of the client must be read: otherwise the client sees a reset connection and not the
		// reason.
		_ = conn.(*net.TCPConn).CloseWrite()
		_, _ = io.Copy(io.Discard, conn)
	}
}

func (s *Server) talk(ctx context.Context, conn *tls.Conn) error {
	if err := conn.HandshakeContext(ctx); err != nil {
		return err
	}
	principal, err := principalOf(conn.ConnectionState().PeerCertificates[0])
	if err != nil {
		return err
	}
	if err := s.clients.check(principal); err != nil {
		fmt.Fprintln(conn, denial+err.Error())
		return err
	}
	fmt.Fprintln(conn, greeting+principal)
	_, err = io.Copy(conn, conn)
	return err
}
