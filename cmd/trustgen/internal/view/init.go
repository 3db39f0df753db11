package view

import (
	"io"

	"github.com/trustgen/trustgen/secrets/fabric"
)

// Init is the result of init.
type Init struct {
	Root      *Certificate `json:"root"`
	Encrypted bool         `json:"encrypted"`
	DryRun    bool         `json:"dryRun,omitempty"`
}

// Table implements [Result].
func (r Init) Table(w io.Writer) error { return writeCAs(w, r.Root) }

// Import is the result of init that imports a CA.
type Import struct {
	Root      *Certificate `json:"root"`
	Issuing   *Certificate `json:"issuing,omitempty"`
	Encrypted bool         `json:"encrypted"`
	Warnings  []Warning    `json:"warnings,omitempty"`
	DryRun    bool         `json:"dryRun,omitempty"`
}

// NewImport is the view of an import, with or without an encrypted key.
func NewImport(imported fabric.ImportResult, encrypted, dryRun bool) Import {
	r := Import{Root: NewCertificate(imported.Root), Encrypted: encrypted, Warnings: newWarnings(imported.Tolerated), DryRun: dryRun}
	if imported.Issuing != nil {
		r.Issuing = NewCertificate(*imported.Issuing)
	}
	return r
}

// Table implements [Result].
func (r Import) Table(w io.Writer) error { return writeCAs(w, r.Root, r.Issuing) }

// Encrypt is the result of init that encrypts a key.
type Encrypt struct {
	KeyFile     string       `json:"keyFile"`
	Certificate *Certificate `json:"certificate"`
	DryRun      bool         `json:"dryRun,omitempty"`
}

// Table implements [Result].
func (r Encrypt) Table(w io.Writer) error { return writeCAs(w, r.Certificate) }
