package flags

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/trustgen/trustgen/secrets/mesh"
)

// Revocation are the flags for the reason and the time of a revocation.
type Revocation struct {
	reason reason
	at     Time
}

// Add adds the flags.
func (f *Revocation) Add(cmd *cobra.Command, byDefault mesh.Reason) {
	var names []string
	for _, r := range mesh.Reasons() {
		names = append(names, r.String())
	}
	cmd.Flags().Var(&f.reason, "reason", fmt.Sprintf("`reason` of RFC 5280 in the CRL (default %s, or that of the pending revocation)", byDefault))
	complete(cmd, "reason", names)
	cmd.Flags().Var(&f.at, "at", "revocation `time` in RFC 3339 (default now, or that of the pending revocation); proxies refuse all that the CA signed, before that time too")
}

// Reason is nil unless the flag is set.
func (f *Revocation) Reason() *mesh.Reason {
	if f.reason.text == "" {
		return nil
	}
	return &f.reason.reason
}

// At is the time of the revocation; zero unless the flag is set.
func (f *Revocation) At() time.Time { return f.at.Time }

type reason struct {
	text   string
	reason mesh.Reason
}

func (f *reason) String() string { return f.text }
func (f *reason) Type() string   { return "reason" }

func (f *reason) Set(s string) (err error) {
	if f.reason, err = mesh.ParseReason(s); err == nil {
		f.text = f.reason.String()
	}
	return err
}
