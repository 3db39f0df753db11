package fabric

import (
	"fmt"
	"strings"
)

// Reason is why a certificate is revoked, by its code (RFC 5280 §5.3.1). The zero value is
// that no reason is given.
type Reason int

// The reasons for which an intermediate is revoked for good.
const (
	Unspecified          Reason = 0
	KeyCompromise        Reason = 1
	CACompromise         Reason = 2
	AffiliationChanged   Reason = 3
	Superseded           Reason = 4
	CessationOfOperation Reason = 5
	PrivilegeWithdrawn   Reason = 9
)

var reasonNames = map[Reason]string{
	Unspecified: "unspecified", KeyCompromise: "keyCompromise", CACompromise: "cACompromise",
	AffiliationChanged: "affiliationChanged", Superseded: "superseded", CessationOfOperation: "cessationOfOperation",
	PrivilegeWithdrawn: "privilegeWithdrawn",
}

// Reasons lists the reasons that Revoke takes. The others of RFC 5280 are not for good, or
// not for CAs.
func Reasons() []Reason {
	return []Reason{KeyCompromise, CACompromise, AffiliationChanged, Superseded, CessationOfOperation, PrivilegeWithdrawn, Unspecified}
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
		return fmt.Errorf("%s is not one for which an intermediate is revoked", r)
	}
	return nil
}
