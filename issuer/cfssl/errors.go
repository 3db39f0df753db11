package cfssl

import (
	"errors"
	"fmt"
	"strconv"

	cferr "github.com/cloudflare/cfssl/errors"

	"github.com/trustgen/trustgen/issuer"
)

// refusal is a row of the table in the package documentation. The first matching row
// applies.
type refusal struct {
	status, code span
	// only is the kind of request that the row applies to; zero means all.
	only kind
	// reason is that of a PermanentError; empty means transient.
	reason string
	why    string
}

var refusals = []refusal{
	{only400, code(cferr.PolicyError, cferr.UnmatchedWhitelist), 0, "NameNotAllowed", "a name is not on the whitelist of the profile"},
	{only400, code(cferr.PolicyError, cferr.InvalidRequest), workload, "RefusedByPolicy", "the CSR of a workload requests a CA certificate"},
	{only400, code(cferr.PolicyError, cferr.InvalidRequest), intermediate, "", "the profile, or the CA of the server, does not allow intermediates"},
	{only400, code(cferr.CSRError, cferr.ParseFailed), 0, "BadRequest", "the CSR is malformed"},
	{only400, code(cferr.CSRError, cferr.BadRequest), 0, "BadRequest", "the CSR is malformed, or not signed with its key"},
	{only400, exactly(400), 0, "", "the server rejects the key, the profile or the label"},
	{only400, code(cferr.PolicyError, cferr.NoKeyUsages), 0, "", "the profile has no usages"},
	{only400, code(cferr.PolicyError, cferr.InvalidPolicy), 0, "", "the profile has policies that cannot be encoded"},
	{only400, code(cferr.PolicyError, cferr.UnknownProfile), 0, "", "the server does not know the profile"},
	{only400, category(cferr.CertificateError), 0, "", "the server cannot create a certificate"},
	{only400, category(cferr.PrivateKeyError), 0, "", "the server cannot use its key"},
	{only400, category(cferr.APIClientError), 0, "", "the server has no profile, or cannot reach its remote signer"},
	{only400, category(cferr.CTError), 0, "", "the server cannot reach a transparency log"},
	{only400, category(cferr.CertStoreError), 0, "", "the server cannot use its database"},
	{exactly(200), span{}, 0, "", "the response does not report success"},
	{span{300, 399}, span{}, 0, "", "a redirection, which is not followed"},
	{exactly(401), span{}, 0, "", "the server, or a proxy in front of it, does not authenticate this client"},
	{exactly(403), span{}, 0, "", "the server, or a proxy in front of it, denies this client"},
	{exactly(404), span{}, 0, "", "not a cfssl server, or its endpoint is disabled"},
	{exactly(405), span{}, 0, "", "not a cfssl server"},
	{exactly(408), span{}, 0, "", "the request was too slow"},
	{exactly(429), span{}, 0, "", "too many requests"},
	{span{500, 599}, span{}, 0, "", "the server failed"},
	{span{}, span{}, 0, "", "unknown error"},
}

// refuse returns the error for a response that is not a success.
func refuse(k kind, status, code int, text string) error {
	message := fmt.Sprintf("status %d", status)
	if code != 0 {
		message += fmt.Sprintf(", code %d", code)
	}
	if text != "" {
		message += " " + quote(text)
	}
	row := classify(k, status, code)
	err := errors.New(message + ": " + row.why)
	if row.reason == "" {
		return err
	}
	return &issuer.PermanentError{Reason: row.reason, Err: err}
}

func classify(k kind, status, code int) refusal {
	for _, r := range refusals {
		applies := r.only == 0 || r.only == k
		if r.reason != "" && k == information { // the same for all requests
			applies = false
		}
		if applies && r.status.has(status) && r.code.has(code) {
			return r
		}
	}
	return refusals[len(refusals)-1]
}

// span is a range of numbers, including its ends; the zero value is all numbers.
type span struct{ from, to int }

var only400 = exactly(400)

func exactly(n int) span { return span{n, n} }

func code(c cferr.Category, r cferr.Reason) span { return exactly(int(c) + int(r)) }

func category(c cferr.Category) span { return span{int(c), int(c) + 999} }

func (s span) has(n int) bool { return s == span{} || s.from <= n && n <= s.to }

// String returns 5500, 1xxx, 3xx, or a dash for all numbers.
func (s span) String() string {
	text := strconv.Itoa(s.from)
	switch s.to - s.from {
	case 999:
		return text[:len(text)-3] + "xxx"
	case 99:
		return text[:len(text)-2] + "xx"
	}
	if s == (span{}) {
		return "-"
	}
	return text
}
