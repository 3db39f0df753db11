package main

import (
	"github.com/spf13/cobra"

	"github.com/trustgen/trustgen/cmd/trustgen/internal/hint"
	"github.com/trustgen/trustgen/cmd/trustgen/internal/term"
	"github.com/trustgen/trustgen/secrets/fabric"
	"github.com/trustgen/trustgen/secrets/mesh"
)

// reportPublication is about the CRL bundles of all clusters.
func reportPublication(t *term.Terminal, p mesh.Publication, dryRun bool) {
	for _, m := range p.Missing {
		t.Warn("%s: until it is imported, proxies with the CRL bundle refuse its chains", m)
	}
	if p.First && !dryRun {
		t.Note("CRLs are published as of this change: every cluster has those of all CAs")
	}
}

// reportImported is about the CAs and CRLs of another directory.
func reportImported(t *term.Terminal, imported mesh.Merged) {
	for _, list := range imported.CRLs {
		switch list.Action {
		case mesh.CRLOlder:
			t.Note("the CRL of %s with number %d is ignored: the directory has a newer one", list.Subject, list.CRL.Number)
		case mesh.CRLUnknown:
			t.Warn("the CRL of %s is ignored, since the CA is unknown: where CRLs are published, proxies refuse the chains of that CA until its certificate is imported with the CRL", list.Subject)
		}
		if list.Dropped > 0 {
			t.Warn("the CRL of %s has no entry for %d certificates of the last one, which are unknown here: make sure that they have expired", list.Subject, list.Dropped)
		}
	}
	for _, r := range imported.Revoked {
		if consequence := r.Consequence(); consequence != "" {
			t.Warn("%s is revoked: %s", r.Certificate.Subject, consequence)
		} else {
			t.Warn("%s is revoked", r.Certificate.Subject)
		}
	}
}

// reportFindings warns of findings, each with its fix.
func reportFindings(t *term.Terminal, cmd *cobra.Command, findings []mesh.Finding) {
	for _, f := range findings {
		if fix := hint.For(f.Err, failed(cmd)); fix != "" {
			t.Warn("%v; %s", f.Err, fix)
		} else {
			t.Warn("%v", f.Err)
		}
	}
}

func reportNewRoot(t *term.Terminal, f *fabric.Fabric, root mesh.Summary, encrypted bool) {
	t.Note("created a root: %s, valid until %s", root.Subject, term.Time(root.NotAfter))
	reportKey(t, f, f.RootKeyPath(), encrypted)
}

// reportKey is about the new file of a key that issues.
func reportKey(t *term.Terminal, f *fabric.Fabric, path string, encrypted bool) {
	if encrypted {
		t.Note("its key is in %s, encrypted: it is lost without the passphrase", path)
	} else {
		t.Note("its key is in %s, not encrypted", path)
	}
	t.Hint("keep that key out of every cluster: it is needed only to issue, and can be offline in between")
	if !encrypted {
		t.Hint("'trustgen init --encrypt%s' encrypts it", hint.DirFlag(f.Dir()))
	}
}

// reportEnd is for an intermediate that ends with its issuer.
func reportEnd(t *term.Terminal, cluster string, cert mesh.Summary) {
	t.Note("the intermediate of %s ends with its issuer, at %s: replace the issuer before", cluster, term.Time(cert.NotAfter))
}
