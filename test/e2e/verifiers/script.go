package verifiers

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"os/exec"
	"slices"
)

// peerScript plays one end of a connection in any of the JavaScript runtimes.
//
//go:embed peer.mjs
var peerScript string

// A part is the end of a connection that the script plays, read from its standard input.
type part struct {
	Role       string   `json:"role"`
	Port       int      `json:"port,omitempty"`       // of a client's server
	ServerName string   `json:"servername,omitempty"` // of a client's server
	Greeting   string   `json:"greeting"`
	Roots      string   `json:"ca"`
	CRLs       []string `json:"crl,omitempty"` // one in each string: only the first of a string is used
	Chain      string   `json:"cert"`
	Key        string   `json:"key"`
}

// with is the part with the files of w.
func (p part) with(w Workload) part {
	p.Greeting, p.Roots, p.Chain, p.Key = greeting, string(w.Roots), string(w.Chain), string(w.Key)
	for block, rest := pem.Decode(w.CRLs); block != nil; block, rest = pem.Decode(rest) {
		p.CRLs = append(p.CRLs, string(pem.EncodeToMemory(block)))
	}
	return p
}

// A message is a line of the script's standard output.
type message struct {
	Port       int    `json:"port"`       // on which a server listens; the only field of this message
	Authorized bool   `json:"authorized"` // whether the runtime accepted its peer's chain
	Echo       string `json:"echo"`       // the greeting as it arrived
	Code       string `json:"code"`
	Message    string `json:"message"`
}

// verdict is the result of the last message, given the error of the peer. That error contains
// the TLS alert, and so the reason that deno does not report.
func (m message) verdict(peer error) error {
	switch {
	case !m.Authorized || m.Echo != greeting:
		return &Refusal{Reason: fmt.Sprintf("%s (%s), peer: %v", m.Code, m.Message, peer)}
	case peer != nil:
		return fmt.Errorf("the script got its greeting back but its peer failed: %w", peer)
	default:
		return nil
	}
}

// A script is a running peerScript.
type script struct {
	cmd    *exec.Cmd
	stdout *json.Decoder
	stderr bytes.Buffer
}

// startScript runs the script until it is done or ctx is.
func startScript(ctx context.Context, runtime []string, p part) (*script, error) {
	stdin, err := json.Marshal(p)
	if err != nil {
		return nil, err
	}
	args := append(slices.Clone(runtime[1:]), peerScript)
	s := &script{cmd: command(ctx, runtime[0], args...)}
	s.cmd.Stdin = bytes.NewReader(stdin)
	s.cmd.Stderr = &s.stderr
	stdout, err := s.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	s.stdout = json.NewDecoder(stdout)
	return s, s.cmd.Start()
}

// read waits for the script's next message. The one without a port is the last.
func (s *script) read() (message, error) {
	var m message
	err := s.stdout.Decode(&m)
	if err == nil && m.Port != 0 {
		return m, nil
	}
	if err = errors.Join(err, s.cmd.Wait()); err != nil {
		return m, fmt.Errorf("%s: %w: %s", s.cmd.Path, err, s.stderr.Bytes())
	}
	return m, nil
}
