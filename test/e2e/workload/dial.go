package workload

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"
)

// Prefixes of the first line of a server.
const (
	greeting = "welcome "
	denial   = "denied: "
)

// answerTimeout ends the wait for a server that hangs; loopback needs a millisecond.
const answerTimeout = 10 * time.Second

// Conn is a connection by mutual TLS that both sides have accepted.
type Conn struct {
	Server string // its principal
	Client string // the principal of the client, as authenticated by the server

	conn  *tls.Conn
	lines *bufio.Reader
}

// Dial connects the workload to a server with one of these principals; any of the mesh if there
// are none. Its error is one of this package, unless no server listens.
func (w *Workload) Dial(ctx context.Context, server *Server, principals ...string) (*Conn, error) {
	return w.Identity().Dial(ctx, server, principals...)
}

// Dial connects the identity to a server with one of these principals; any of the mesh if there
// are none. Its error is one of this package, unless no server listens.
func (id *Identity) Dial(ctx context.Context, server *Server, principals ...string) (*Conn, error) {
	dialer := tls.Dialer{NetDialer: &net.Dialer{Timeout: answerTimeout}, Config: id.clientConfig(principals)}
	conn, err := dialer.DialContext(ctx, "tcp", server.Address)
	if err != nil {
		return nil, refusal(err)
	}
	c := &Conn{conn: conn.(*tls.Conn), lines: bufio.NewReader(conn)}
	if err := c.greet(); err != nil {
		conn.Close()
		return nil, refusal(err)
	}
	return c, nil
}

// refusal makes ErrClientUntrusted of the alert by which a server refuses a certificate.
func refusal(err error) error {
	if byPeer(err) {
		return fmt.Errorf("%w: %w", ErrClientUntrusted, err)
	}
	return err
}

// greet reads the first line of the server. In TLS 1.3 it is the first sign that the server has
// accepted the certificate.
func (c *Conn) greet() error {
	line, err := c.read()
	if err != nil {
		return err
	}
	if reason, denied := strings.CutPrefix(line, denial); denied {
		return fmt.Errorf("%w: %s", ErrClientNotAllowed, reason)
	}
	client, ok := strings.CutPrefix(line, greeting)
	if !ok {
		return fmt.Errorf("the server sent %q, want a greeting", line)
	}
	c.Client = client
	c.Server, err = principalOf(c.conn.ConnectionState().PeerCertificates[0])
	return err
}

// Echo sends a line and expects it back.
func (c *Conn) Echo(line string) error {
	if _, err := fmt.Fprintln(c.conn, line); err != nil {
		return err
	}
	echo, err := c.read()
	if err == nil && echo != line {
		err = fmt.Errorf("the server echoed %q, want %q", echo, line)
	}
	return err
}

func (c *Conn) read() (string, error) {
	if err := c.conn.SetReadDeadline(time.Now().Add(answerTimeout)); err != nil {
		return "", err
	}
	line, err := c.lines.ReadString('\n')
	return strings.TrimSuffix(line, "\n"), err
}

// Close ends the connection.
func (c *Conn) Close() error { return errors.Join(c.conn.CloseWrite(), c.conn.Close()) }
