package verifiers

import (
	"context"
	"slices"
)

// OpenSSL is the command openssl verify in its strict mode, which checks what RFC 5280 asks of each
// extension of each certificate.
type OpenSSL struct {
	tool

	version string
}

func newOpenSSL(path, version string) Verifier { return &OpenSSL{tool{path, 2}, version} }

// Name implements [Verifier].
func (v *OpenSSL) Name() string { return "OpenSSL " + v.version }

// Verify implements [Verifier].
func (v *OpenSSL) Verify(ctx context.Context, c Connection, side Side) error {
	purpose := map[Side][]string{
		Server: {"-purpose", "sslserver", "-verify_hostname", c.ServerName},
		Client: {"-purpose", "sslclient"},
	}[side]
	return v.verify(ctx, c.Ends[side.Peer()].Roots, c.Ends[side].Chain, purpose)
}

// VerifyAuthority implements [AuthorityVerifier].
func (v *OpenSSL) VerifyAuthority(ctx context.Context, roots, chain []byte) error {
	return v.verify(ctx, roots, chain, []string{"-purpose", "crlsign"})
}

// verify trusts roots alone, not the system's store.
func (v *OpenSSL) verify(ctx context.Context, roots, chain []byte, purpose []string) error {
	return withFiles(roots, chain, func(roots, chain string) error {
		args := []string{"verify", "-x509_strict", "-no-CApath", "-no-CAstore", "-CAfile", roots, "-untrusted", chain}
		return v.judge(ctx, slices.Concat(args, purpose, []string{chain})...)
	})
}
