package cfssl

import (
	"context"
	"crypto/x509"
	"fmt"
	"net"
	"net/http"
)

// Refusal is a row of the table of refusals, with a status and a code that match it.
type Refusal struct {
	Line         string
	Status, Code int
	Intermediate bool
	Reason, Why  string
}

// Refusals is the table of refusals.
func Refusals() []Refusal {
	rows := make([]Refusal, len(refusals))
	for i, r := range refusals {
		only := map[kind]string{0: "any", workload: "workload", intermediate: "intermediate"}[r.only]
		class := "transient"
		if r.reason != "" {
			class = "permanent " + r.reason
		}
		rows[i] = Refusal{
			Line:         fmt.Sprintf("%-3s  %-5s  %-12s  %-25s  %s", r.status, r.code, only, class, r.why),
			Status:       r.status.from,
			Code:         r.code.from,
			Intermediate: r.only == intermediate,
			Reason:       r.reason,
			Why:          r.why,
		}
	}
	return rows
}

// ParseSigned parses a response of authsign for a workload.
func ParseSigned(status int, data []byte) (*x509.Certificate, error) {
	return parseSigned(workload, status, data)
}

// ParseInfo parses a response of info.
func ParseInfo(status int, data []byte) (*x509.Certificate, error) { return parseInfo(status, data) }

// SetDial replaces how an issuer that has not been used opens its connections.
func SetDial(i *Issuer, dial func(ctx context.Context, network, addr string) (net.Conn, error)) {
	i.client.Transport.(*http.Transport).DialContext = dial
}
