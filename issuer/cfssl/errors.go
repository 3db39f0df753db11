package cfssl

import (
	"errors"
	"fmt"
	"strconv"

	cferr "github.com/cloudflare/cfssl/errors"

	"github.com/trustgen/trustgen/issuer"
)

// refusal is a row of the table in the documentation of the package. The first that
// fits decides.
type refusal struct {
	status, code span
	// only is the kind of requests that the row is about; zero means all.
	only kind
	// reason is that of a PermanentError; empty means transient.
	reason string
	why    string
}

var refusals = []refusal{
	{only400, code(cferr.PolicyError, cferr.UnmatchedWhitelist), 0, "NameNotAllowed", "a name is not on the whitelist of the profile"},
	{only400, code(cferr.PolicyError, cferr.InvalidRequest), workload, "RefusedByPolicy", "the CSR of a workload asks for a CA"},
	{only400, code(cferr.PolicyError, cferr.InvalidRequest), intermediate, "", "the profile, or the CA of the server, allows no CA below"},
	{only400, code(cferr.CSRError, cferr.ParseFailed), 0, "BadRequest", "the CSR is malformed"},
	{only400, code(cferr.CSRError, cferr.BadRequest), 0, "BadRequest", "the CSR is malformed, or not signed with its key"},
	{only400, exactly(400), 0, "", "the server does not take the key, the profile or the label"},
	{only400, code(cferr.PolicyError, cferr.NoKeyUsages), 0, "", "the profile has no usages"},
	{only400, code(cferr.PolicyError, cferr.InvalidPolicy), 0, "", "the profile has policies that cannot be encoded"},
	{only400, code(cferr.PolicyError, cferr.UnknownProfile), 0, "", "the server does not know the profile"},
	{only400, category(cferr.CertificateError), 0, "", "the server cannot make a certificate"},
	{only400, category(cferr.PrivateKeyError), 0, "", "the server cannot use its key"},
	{only400, category(cferr.APIClientError), 0, "", "the server has no profile, or cannot reach the one that signs for it"},
	{only400, category(cferr.CTError), 0, "", "the server cannot reach a transparency log"},
	{only400, category(cferr.CertStoreError), 0, "", "the server cannot use its database"},
	{exactly(200), span{}, 0, "", "the answer does not say success"},
	{span{300, 399}, span{}, 0, "", "a redirection, which is not followed"},
	{exactly(401), span{}, 0, "", "the server, or what stands before it, does not know this client"},
	{exactly(403), span{}, 0, "", "the server, or what stands before it, does not let this client in"},
	{exactly(404), span{}, 0, "", "no cfssl, or one whose endpoint is disabled"},
	{exactly(405), span{}, 0, "", "no cfssl"},
	{exactly(408), span{}, 0, "", "the request came too slowly"},
	{exactly(429), span{}, 0, "", "too many requests"},
	{span{500, 599}, span{}, 0, "", "the server failed"},
	{span{}, span{}, 0, "", "not known"},
}

// refuse is the error of a refusal. What is asked of info is the same for all
// requests, so nothing that it says is held against one.
func refuse(k kind, status, code int, text string) error {
	said := fmt.Sprintf("status %d", status)
	if code != 0 {
		said += fmt.Sprintf(", code %d", code)
	}
	if text != "" {
		said += " " + quote(text)
	}
	row := classify(k, status, code)
	err := errors.New(said + ": " + row.why)
	if row.reason == "" {
		return err
	}
	return &issuer.PermanentError{Reason: row.reason, Err: err}
}

func classify(k kind, status, code int) refusal {
	for _, r := range refusals {
		about := r.only == 0 || r.only == k
		if final := r.reason != ""; final && k == information {
			about = false
		}
		if about && r.status.has(status) && r.code.has(code) {
			return r
		}
	}
	return refusals[len(refusals)-1]
}

// span is a range of numbers with its ends; the zero value has all.
type span struct{ from, to int }

var only400 = exactly(400)

func exactly(n int) span { return span{n, n} }

func code(c cferr.Category, r cferr.Reason) span { return exactly(int(c) + int(r)) }

func category(c cferr.Category) span { return span{int(c), int(c) + 999} }

func (s span) has(n int) bool { return s == span{} || s.from <= n && n <= s.to }

// String is 5500, 1xxx, 3xx, or a dash for all.
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
