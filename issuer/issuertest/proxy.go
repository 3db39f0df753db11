package issuertest

import (
	"io"
	"net"
	"sync"
	"testing"
)

// Proxy is a way to a CA over TCP that the suite can hold up, cut and take down. A
// backend that does not use the network ignores it.
type Proxy struct {
	tb     testing.TB
	group  sync.WaitGroup
	held   chan struct{} // an answer is held back
	mu     sync.Mutex
	fault  fault
	change chan struct{} // closed when there is another fault
	calls  int           // connections that were accepted since then
	open   map[net.Conn]bool
	doors  map[net.Listener]bool
	ended  bool
}

// fault is what is wrong with a line.
type fault int

const (
	noFault fault = iota
	holdResponses
	cutResponses     // in the middle
	refuseEveryOther // connection, the first one included
	down
)

func newProxy(tb testing.TB) *Proxy {
	l := &Proxy{
		tb: tb, held: make(chan struct{}, 1), change: make(chan struct{}),
		open: make(map[net.Conn]bool), doors: make(map[net.Listener]bool),
	}
	tb.Cleanup(l.end)
	return l
}

// Via returns the address at which to reach addr, a host and a port such as
// "127.0.0.1:8888": one on 127.0.0.1, which lasts as long as the test. Bytes pass as
// they are, so a TLS server needs a certificate for 127.0.0.1, or a client that is
// told the name to expect.
func (l *Proxy) Via(addr string) string {
	l.tb.Helper()
	door, err := new(net.ListenConfig).Listen(l.tb.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		l.tb.Fatal(err)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.doors[door] = true
	l.group.Go(func() {
		for {
			client, err := door.Accept()
			if err != nil {
				return
			}
			l.group.Go(func() { l.serve(client, addr) })
		}
	})
	return door.Addr().String()
}

// set changes the fault. The connections that there are stay, unless hangUp.
func (l *Proxy) set(f fault, hangUp bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.fault, l.calls = f, 0
	close(l.change)
	l.change = make(chan struct{})
	select {
	case <-l.held:
	default:
	}
	if hangUp {
		for conn := range l.open {
			reset(conn)
		}
	}
	if f == down {
		for door := range l.doors {
			_ = door.Close()
		}
	}
}

func (l *Proxy) end() {
	l.mu.Lock()
	l.ended = true
	l.mu.Unlock()
	l.set(down, true)
	l.group.Wait()
}

func (l *Proxy) now() (fault, <-chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.fault, l.change
}

// admit registers a connection, and reports whether it may be used.
func (l *Proxy) admit(conn net.Conn) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.calls++
	if l.ended || l.fault == down || l.fault == refuseEveryOther && l.calls%2 == 1 {
		return false
	}
	l.open[conn] = true
	return true
}

func (l *Proxy) forget(conn net.Conn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.open, conn)
}

// serve joins a client and the CA, until one of them hangs up.
func (l *Proxy) serve(client net.Conn, addr string) {
	if !l.admit(client) {
		reset(client)
		return
	}
	defer l.forget(client)
	defer client.Close()
	server, err := new(net.Dialer).DialContext(l.tb.Context(), "tcp", addr)
	if err != nil {
		reset(client)
		return
	}
	var back sync.WaitGroup
	back.Go(func() {
		defer client.Close()
		l.answer(client, server)
	})
	_, _ = io.Copy(server, client)
	_ = server.Close()
	back.Wait()
}

// answer copies what the CA says, as far as the fault lets it.
func (l *Proxy) answer(client, server net.Conn) {
	buffer := make([]byte, 32<<10)
	for {
		n, err := server.Read(buffer)
		if n > 0 && !l.pass(client, buffer[:n]) || err != nil {
			return
		}
	}
}

func (l *Proxy) pass(client net.Conn, answer []byte) bool {
	f, change := l.now()
	switch f {
	case holdResponses:
		select {
		case l.held <- struct{}{}:
		default:
		}
		<-change
	case cutResponses:
		_, _ = client.Write(answer[:len(answer)/2])
		reset(client)
		return false
	}
	_, err := client.Write(answer)
	return err == nil
}

// reset hangs up without a farewell.
func reset(conn net.Conn) {
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = conn.Close()
}
