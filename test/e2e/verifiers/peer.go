package verifiers

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"strconv"
)

// greeting is sent by the client and returned by the server.
const greeting = "hello"

// tlsConfig is one end of mutual TLS with the certificates of w.
func tlsConfig(w Workload, serverName string) (*tls.Config, error) {
	pair, err := tls.X509KeyPair(w.Chain, w.Key)
	if err != nil {
		return nil, err
	}
	roots, err := pool(w.Roots)
	if err != nil {
		return nil, fmt.Errorf("roots: %w", err)
	}
	return &tls.Config{
		Certificates: []tls.Certificate{pair},
		// Without this a client sends only a chain to one of the roots that the server announces.
		GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &pair, nil },
		RootCAs:              roots,
		ClientCAs:            roots,
		ClientAuth:           tls.RequireAndVerifyClientCert,
		ServerName:           serverName,
	}, nil
}

// echo accepts one connection and returns its greeting.
func echo(ctx context.Context, listener net.Listener, config *tls.Config) error {
	raw, err := listener.Accept()
	if err != nil {
		return err
	}
	defer raw.Close()
	conn := tls.Server(raw, config)
	if err := conn.HandshakeContext(ctx); err != nil {
		return err
	}
	_, err = io.CopyN(conn, conn, int64(len(greeting)))
	return err
}

// greet connects to a port on loopback, sends the greeting and waits until it comes back.
func greet(ctx context.Context, port int, config *tls.Config) error {
	dialer := &tls.Dialer{Config: config}
	conn, err := dialer.DialContext(ctx, "tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	if err != nil {
		return err
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, greeting); err != nil {
		return err
	}
	back := make([]byte, len(greeting))
	if _, err := io.ReadFull(conn, back); err != nil {
		return err
	}
	if string(back) != greeting {
		return fmt.Errorf("sent %q, got %q back", greeting, back)
	}
	return nil
}
