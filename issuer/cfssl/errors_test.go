package cfssl_test

import (
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/trustgen/trustgen/ca/catest"
	"github.com/trustgen/trustgen/issuer/cfssl"
)

func TestRefusals_HaveTheirClass(t *testing.T) {
	t.Parallel()
	h := catest.New(t)
	f := start(t, h.Root, h.RootKey)
	i := client(t, options(t, f))
	for _, row := range cfssl.Refusals() {
		if row.Status == 0 {
			row.Status = http.StatusTeapot
		}
		f.respond(authsign, status(row.Status, failure(row.Code)))
		_, err := i.Issue(t.Context(), request(t))
		if row.Intermediate {
			_, err = i.IssueIntermediate(t.Context(), intermediateRequest(t))
		}
		if row.Reason != "" {
			wantPermanent(t, row.Line, err, row.Reason)
		} else {
			wantTransient(t, err, row.Why)
		}
	}
}

func TestRefusals_AreDocumented(t *testing.T) {
	t.Parallel()
	doc := string(catest.Must(os.ReadFile("doc.go"))(t))
	var table strings.Builder
	for _, row := range cfssl.Refusals() {
		table.WriteString("//\t" + row.Line + "\n")
	}
	if !strings.Contains(doc, "//\n"+table.String()+"//\n") {
		t.Errorf("doc.go does not have this table:\n%s", table.String())
	}
}

func TestRefusals_OthersAreTransient(t *testing.T) {
	t.Parallel()
	h := catest.New(t)
	f := start(t, h.Intermediate, h.IntermediateKey)
	i := client(t, options(t, f))
	for name, response := range map[string]struct {
		status int
		body   string
	}{
		"an unknown code":                        {400, failure(5600)},
		"a CSR that is not PEM, as none we send": {400, failure(9002)},
		"a refusal with another status":          {500, failure(5500)},
		"an error with status 200":               {200, failure(5500)},
		"a refusal in a page":                    {400, "<p>" + failure(5500)},
		"a refusal with more behind it":          {400, failure(5500) + failure(5500)},
		"a code that is a word":                  {400, `{"errors":[{"code":"5500"}]}`},
		"no errors":                              {400, `{"errors":[]}`},
		"an error of multirootca":                {400, failure(1)},
	} {
		f.respond(authsign, status(response.status, response.body))
		_, err := i.Issue(t.Context(), request(t))
		t.Log(name)
		wantTransient(t, err, fmt.Sprintf("status %d", response.status))
	}
}

func TestRefusals_OfInfoAreTransient(t *testing.T) {
	t.Parallel()
	h := catest.New(t)
	f := start(t, h.Intermediate, h.IntermediateKey)
	i := client(t, options(t, f))
	for _, row := range cfssl.Refusals() {
		if row.Reason == "" {
			continue
		}
		f.respond(infoPath, status(row.Status, failure(row.Code)))
		_, err := i.Issue(t.Context(), request(t))
		wantTransient(t, err, fmt.Sprintf("get its CA: status %d, code %d", row.Status, row.Code))
		wantTransient(t, i.Check(t.Context()), "unknown error")
	}
}
