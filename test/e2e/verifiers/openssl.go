package verifiers

import (
	"context"
	"slices"
)

// OpenSSL is the command openssl verify in strict mode, which checks the requirements of RFC
// 5280 for each extension of each certificate.
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
	judge := c.Ends[side.Peer()]
	return v.verify(ctx, files{roots: judge.Roots, chain: c.Ends[side].Chain, crls: judge.CRLs}, purpose)
}

// VerifyAuthority implements [AuthorityVerifier].
func (v *OpenSSL) VerifyAuthority(ctx context.Context, roots, chain []byte) error {
	return v.verify(ctx, files{roots: roots, chain: chain}, []string{"-purpose", "crlsign"})
}

// verify trusts roots alone, not the system's store.
func (v *OpenSSL) verify(ctx context.Context, f files, purpose []string) error {
	return withFiles(f, func(p paths) error {
		args := []string{"verify", "-x509_strict", "-no-CApath", "-no-CAstore", "-CAfile", p.roots, "-untrusted", p.chain}
		if p.crls != "" {
			args = append(args, "-crl_check_all", "-CRLfile", p.crls)
		}
		return v.judge(ctx, slices.Concat(args, purpose, []string{p.chain})...)
	})
}
