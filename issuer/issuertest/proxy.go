package issuertest

import (
	"io"
	"net"
	"sync"
	"testing"
)

// Proxy forwards TCP connections to a CA. The suite makes it hold responses back, truncate
// them, refuse connections and shut down. A backend that does not use the network ignores
// it.
type Proxy struct {
	tb        testing.TB
	group     sync.WaitGroup
	held      chan struct{} // receives when a response is held back
	mu        sync.Mutex
	fault     fault
	change    chan struct{} // closed by the next call of set
	accepted  int           // connections since the last call of set
	open      map[net.Conn]bool
	listeners map[net.Listener]bool
	closed    bool
}

// fault is what a proxy does instead of forwarding.
type fault int

const (
	noFault fault = iota
	holdResponses
	cutResponses     // after half of their bytes
	refuseEveryOther // connection, beginning with the first
	down
)

func newProxy(tb testing.TB) *Proxy {
	p := &Proxy{
		tb: tb, held: make(chan struct{}, 1), change: make(chan struct{}),
		open: make(map[net.Conn]bool), listeners: make(map[net.Listener]bool),
	}
	tb.Cleanup(p.close)
	return p
}

// Via returns an address on 127.0.0.1 that forwards to addr until the test ends. Both are
// a host and a port, such as "127.0.0.1:8888". The proxy does not change the bytes: a TLS
// server needs a certificate for 127.0.0.1, or a client that sets the server name.
func (p *Proxy) Via(addr string) string {
	p.tb.Helper()
	listener, err := new(net.ListenConfig).Listen(p.tb.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		p.tb.Fatal(err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.listeners[listener] = true
	p.group.Go(func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			p.group.Go(func() { p.serve(client, addr) })
		}
	})
	return listener.Addr().String()
}

// set changes the fault, and releases the responses that are held. With reset it also
// resets all open connections.
func (p *Proxy) set(f fault, reset bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.fault, p.accepted = f, 0
	close(p.change)
	p.change = make(chan struct{})
	p.hasHeld()
	if reset {
		for conn := range p.open {
			resetConn(conn)
		}
	}
	if f == down {
		for listener := range p.listeners {
			_ = listener.Close()
		}
	}
}

// hasHeld reports whether a response has been held back since the last call of set or
// hasHeld.
func (p *Proxy) hasHeld() bool {
	select {
	case <-p.held:
		return true
	default:
		return false
	}
}

func (p *Proxy) close() {
	p.mu.Lock()
	p.closed = true
	p.mu.Unlock()
	p.set(down, true)
	p.group.Wait()
}

func (p *Proxy) current() (fault, <-chan struct{}) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.fault, p.change
}

// admit registers a connection, and reports whether it may be used.
func (p *Proxy) admit(conn net.Conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.accepted++
	if p.closed || p.fault == down || p.fault == refuseEveryOther && p.accepted%2 == 1 {
		return false
	}
	p.open[conn] = true
	return true
}

func (p *Proxy) forget(conn net.Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.open, conn)
}

// serve connects a client with the CA until one of them closes the connection.
func (p *Proxy) serve(client net.Conn, addr string) {
	if !p.admit(client) {
		resetConn(client)
		return
	}
	defer p.forget(client)
	defer client.Close()
	server, err := new(net.Dialer).DialContext(p.tb.Context(), "tcp", addr)
	if err != nil {
		resetConn(client)
		return
	}
	var back sync.WaitGroup
	back.Go(func() {
		defer client.Close()
		p.respond(client, server)
	})
	_, _ = io.Copy(server, client)
	_ = server.Close()
	back.Wait()
}

// respond copies what the CA sends, as far as the fault permits.
func (p *Proxy) respond(client, server net.Conn) {
	buffer := make([]byte, 32<<10)
	for {
		n, err := server.Read(buffer)
		if n > 0 && !p.pass(client, buffer[:n]) || err != nil {
			return
		}
	}
}

func (p *Proxy) pass(client net.Conn, response []byte) bool {
	f, change := p.current()
	switch f {
	case holdResponses:
		select {
		case p.held <- struct{}{}:
		default:
		}
		<-change
	case cutResponses:
		_, _ = client.Write(response[:len(response)/2])
		resetConn(client)
		return false
	}
	_, err := client.Write(response)
	return err == nil
}

// resetConn closes a connection with a TCP RST.
func resetConn(conn net.Conn) {
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = conn.Close()
}
