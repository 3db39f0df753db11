package verifiers

import (
	"context"
	"slices"
)

// GnuTLS is the command certtool --verify. The profile medium refuses keys of less than 112 bits
// of security.
type GnuTLS struct {
	tool

	version string
}

func newGnuTLS(path, version string) Verifier { return &GnuTLS{tool{path, 1}, version} }

// Name implements [Verifier].
func (v *GnuTLS) Name() string { return "GnuTLS " + v.version }

// Verify implements [Verifier].
func (v *GnuTLS) Verify(ctx context.Context, c Connection, side Side) error {
	purpose := map[Side][]string{
		Server: {"--verify-purpose", "1.3.6.1.5.5.7.3.1", "--verify-hostname", c.ServerName},
		Client: {"--verify-purpose", "1.3.6.1.5.5.7.3.2"},
	}[side]
	judge := c.Ends[side.Peer()]
	return withFiles(files{roots: judge.Roots, chain: c.Ends[side].Chain, crls: judge.CRLs}, func(p paths) error {
		args := []string{"--verify", "--verify-profile", "medium", "--load-ca-certificate", p.roots, "--infile", p.chain}
		if p.crls != "" {
			args = append(args, "--load-crl", p.crls)
		}
		return v.judge(ctx, slices.Concat(args, purpose)...)
	})
}
