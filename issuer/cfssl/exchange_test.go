package cfssl_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/trustgen/trustgen/ca/catest"
	"github.com/trustgen/trustgen/issuer/cfssl"
)

func TestIssue_WrongAuthKeyIsAnInvalidToken(t *testing.T) {
	t.Parallel()
	h := catest.New(t)
	f := start(t, h.Intermediate, h.IntermediateKey)
	o := options(t, f)
	o.AuthKey = catest.Must(cfssl.ParseAuthKey([]byte(strings.Repeat("77", 16))))(t)
	_, err := client(t, o).Issue(t.Context(), request(t))
	wantTransient(t, err, `status 400, code 400 "invalid token"`)
}

func TestIssue_URLWithAPath(t *testing.T) {
	t.Parallel()
	h := catest.New(t)
	f := start(t, h.Intermediate, h.IntermediateKey)
	f.Config.Handler = http.StripPrefix("/pki", f)
	o := options(t, f)
	o.URLs[0] += "/pki/"
	catest.Must(client(t, o).Issue(t.Context(), request(t)))(t)
}

func TestIssue_ReusesConnections(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) { // net/http gives up a connection that is busy for 50 ms
		n := newNetwork(t)
		i := n.client(options(t, n.start(1)...))
		for range 3 {
			catest.Must(i.Issue(t.Context(), request(t)))(t)
		}
		if got := n.dialled.Load(); got != 1 {
			t.Errorf("%d connections were opened, want 1", got)
		}
	})
}

func TestIssue_DoesNotFollowRedirects(t *testing.T) {
	t.Parallel()
	h := catest.New(t)
	for _, code := range []int{301, 302, 303, 307, 308} {
		f, other := start(t, h.Intermediate, h.IntermediateKey), start(t, h.Intermediate, h.IntermediateKey)
		f.respond(authsign, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, other.URL+authsign, code) })
		o := options(t, f)
		_, err := client(t, o).Issue(t.Context(), request(t))
		wantTransient(t, err, "a redirection, which is not followed")
		if n := other.count(authsign); n != 0 {
			t.Errorf("status %d: the other server was called %d times", code, n)
		}
	}
}

func TestIssue_LimitsTheResponse(t *testing.T) {
	t.Parallel()
	h := catest.New(t)
	valid := responseWith(pemOf(h.Intermediate.Certificate()))
	padded := func(size int) http.HandlerFunc {
		return status(http.StatusOK, valid+strings.Repeat(" ", size-len(valid)))
	}
	var zipped bytes.Buffer
	z := gzip.NewWriter(&zipped)
	_, _ = z.Write([]byte(valid + strings.Repeat(" ", 4*cfssl.MaxResponse)))
	_ = z.Close()
	for name, test := range map[string]struct {
		response http.HandlerFunc
		want     string
	}{
		"as large as may be":  {padded(cfssl.MaxResponse), ""},
		"larger by one":       {padded(cfssl.MaxResponse + 1), "larger than 1048576 bytes"},
		"endless":             {func(w http.ResponseWriter, _ *http.Request) { endless(w) }, "larger than 1048576 bytes"},
		"cut off":             {cutOff, "read the response: unexpected EOF"},
		"with a large header": {func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("X-Large", strings.Repeat("x", 1<<20)) }, "headers exceeded"},
		"compressed": {func(w http.ResponseWriter, r *http.Request) {
			if accepted := r.Header.Get("Accept-Encoding"); accepted != "" {
				t.Errorf("the client accepts %s", accepted)
			}
			w.Header().Set("Content-Encoding", "gzip")
			_, _ = w.Write(zipped.Bytes())
		}, "not one of cfssl"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := start(t, h.Intermediate, h.IntermediateKey)
			f.respond(infoPath, test.response)
			_, err := client(t, options(t, f)).Issue(t.Context(), request(t))
			if test.want != "" {
				wantTransient(t, err, test.want)
			} else if err != nil {
				t.Error(err)
			}
		})
	}
}

func endless(w http.ResponseWriter) {
	for chunk := make([]byte, 64<<10); ; {
		if _, err := w.Write(chunk); err != nil {
			return
		}
	}
}

func cutOff(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Length", "1000")
	_, _ = w.Write([]byte(`{"success":true`))
}

func TestIssue_ErrorsQuoteLittleOfAResponse(t *testing.T) {
	t.Parallel()
	h := catest.New(t)
	f := start(t, h.Intermediate, h.IntermediateKey)
	f.respond(authsign, status(http.StatusBadGateway, "\x1b[2J\xff\n"+strings.Repeat("x", 10_000)))
	_, err := client(t, options(t, f)).Issue(t.Context(), request(t))
	wantTransient(t, err, `status 502 "\x1b[2J\xff\nxxx`)
	if err != nil && (len(err.Error()) > 400 || strings.ContainsAny(err.Error(), "\x1b\n")) {
		t.Errorf("got the error %q", err)
	}
}

// responseWith returns a valid response with a certificate.
func responseWith(cert string) string {
	body, err := json.Marshal(map[string]any{"success": true, "result": map[string]string{"certificate": cert}})
	if err != nil {
		panic(err)
	}
	return string(body)
}
