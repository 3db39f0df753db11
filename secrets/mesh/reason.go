package mesh

import (
	"fmt"
	"strings"
	"time"
)

// Reason is why a certificate is revoked, by its code (RFC 5280 §5.3.1). The zero value means
// that no reason is given.
type Reason int

// The reasons for which a CA can be revoked permanently.
const (
	ReasonUnspecified          Reason = 0
	ReasonKeyCompromise        Reason = 1
	ReasonCACompromise         Reason = 2
	ReasonAffiliationChanged   Reason = 3
	ReasonSuperseded           Reason = 4
	ReasonCessationOfOperation Reason = 5
	ReasonPrivilegeWithdrawn   Reason = 9
)

var reasonNames = map[Reason]string{
	ReasonUnspecified: "unspecified", ReasonKeyCompromise: "keyCompromise", ReasonCACompromise: "cACompromise",
	ReasonAffiliationChanged: "affiliationChanged", ReasonSuperseded: "superseded", ReasonCessationOfOperation: "cessationOfOperation",
	ReasonPrivilegeWithdrawn: "privilegeWithdrawn",
}

// Reasons lists the reasons for a CA. The others of RFC 5280 are temporary, or not for CAs.
func Reasons() []Reason {
	return []Reason{ReasonKeyCompromise, ReasonCACompromise, ReasonAffiliationChanged, ReasonSuperseded, ReasonCessationOfOperation, ReasonPrivilegeWithdrawn, ReasonUnspecified}
}

// ParseReason reads the name of a reason, in any case.
func ParseReason(s string) (Reason, error) {
	names := make([]string, 0, len(reasonNames))
	for _, r := range Reasons() {
		if strings.EqualFold(s, r.String()) {
			return r, nil
		}
		names = append(names, r.String())
	}
	return 0, fmt.Errorf("reason %q is not one of %s", s, strings.Join(names, ", "))
}

// String is the name of RFC 5280, or the code of a reason that is not among [Reasons].
func (r Reason) String() string {
	if name, ok := reasonNames[r]; ok {
		return name
	}
	return fmt.Sprintf("reason %d", int(r))
}

func (r Reason) check() error {
	if _, ok := reasonNames[r]; !ok {
		return fmt.Errorf("%s is not a reason for which a CA can be revoked", r)
	}
	return nil
}

// Revocation is the entry of a certificate in a CRL, or one that was decided.
type Revocation struct {
	Reason Reason
	At     time.Time // whole seconds
}
