package verifiers

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
)

// JavaScript is the TLS stack of a JavaScript runtime. It judges the chain of a peer in Go over
// a connection.
type JavaScript struct {
	name    string
	command []string // runs the script that is appended to it
}

func newNode(path, version string) Verifier {
	return &JavaScript{"OpenSSL in node " + version, []string{path, "--input-type=module", "--eval"}}
}

func newBun(path, version string) Verifier {
	return &JavaScript{"BoringSSL in bun " + version, []string{path, "--eval"}}
}

// newDeno is strict only as a server: its client compares names in JavaScript, and checks only
// issuer and subject of a certificate that webpki cannot parse.
func newDeno(path, version string) Verifier {
	return &JavaScript{"rustls in deno " + version, []string{path, "eval", "--no-config", "--no-remote", "--no-npm"}}
}

// Name implements [Verifier].
func (v *JavaScript) Name() string { return v.name }

// Verify implements [Verifier].
func (v *JavaScript) Verify(ctx context.Context, c Connection, side Side) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	config, err := tlsConfig(c.Ends[side], c.ServerName)
	if err != nil {
		return fmt.Errorf("%s: %w", side, err)
	}
	if side == Server {
		return v.verifyServer(ctx, c, config)
	}
	return v.verifyClient(ctx, c, config)
}

// verifyServer lets the script connect to a server in Go.
func (v *JavaScript) verifyServer(ctx context.Context, c Connection, config *tls.Config) error {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	defer listener.Close()
	peer := make(chan error, 1)
	go func() { peer <- echo(ctx, listener, config) }()

	script, err := startScript(ctx, v.command, part{
		Role:       Client.String(),
		Port:       listener.Addr().(*net.TCPAddr).Port,
		ServerName: c.ServerName,
	}.with(c.Ends[Client]))
	if err != nil {
		return err
	}
	outcome, err := script.read()
	if err != nil {
		return err
	}
	listener.Close()
	return outcome.verdict(<-peer)
}

// verifyClient connects a client in Go to the script.
func (v *JavaScript) verifyClient(ctx context.Context, c Connection, config *tls.Config) error {
	script, err := startScript(ctx, v.command, part{Role: Server.String()}.with(c.Ends[Server]))
	if err != nil {
		return err
	}
	listening, err := script.read()
	if err != nil {
		return err
	}
	peer := greet(ctx, listening.Port, config)
	outcome, err := script.read()
	if err != nil {
		return errors.Join(err, peer)
	}
	return outcome.verdict(peer)
}
